"""Pages for people, written from the code: what they say cannot differ from what runs."""
