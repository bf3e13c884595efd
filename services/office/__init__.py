"""The Joint Meeting Office: takes in every agency's facts, keeps views across all of them, watches the dates."""
