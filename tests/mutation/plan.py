"""Which modules are judged, and by which tests: those that are about the module, the quickest first.

A mutant that only some far test would notice counts as survived: the tests beside a rule are to hold it.
"""

PLAN: dict[str, str] = {
    "domain/calendar.py": "calendar calendar_edges times duty_book",
    "domain/suspension.py": "suspension suspension_edges review_duties",
    "domain/rules.py": "duty_table duty_table_edges calendar duty_book",
    "domain/duty_table.py": "duty_table_edges duty_table duties_of_the_law",
    "domain/duty_table_2005.py": "duty_table_edges duty_table duties_of_the_law",
    "domain/law.py": "law_edges duty_table calendar duty_book registration",
    "domain/local_rules.py": "local_rules_edges local_rules",
    "domain/duties.py": "duty_book duties_edges handling_duties review_duties duties_of_the_law",
    "domain/custody.py": "custody custody_edges",
    "domain/jurisdiction.py": "jurisdiction_edges jurisdiction",
    "domain/docket.py": "law_edges",
    "domain/case/chapter.py": "chapter_edges recusal registration handoff times arrivals",
    "domain/case/aggregate.py": "chapter_edges registration recusal times handoff arrivals handling",
    "domain/case/intake.py": "intake intake_edges registration acceptance",
    "domain/case/declining.py": "intake intake_edges acceptance",
    "domain/case/routing.py": "handoff destination destination_edges handling chapter_edges arrivals registration",
    "domain/case/destination.py": "destination destination_edges handoff joint",
    "domain/case/objection.py": "objection objection_edges chapter_edges arrivals",
    "domain/case/recusal.py": "recusal intake_edges",
    "domain/case/offers.py": "objection_edges chapter_edges objection handoff arrivals",
    "domain/case/bystanding.py": "bystanding_edges joint urgent joint_edges",
    "domain/case/joint.py": "joint joint_edges chapter_edges",
    "domain/case/assistance.py": "joint joint_edges",
    "domain/case/urgent.py": "urgent joint_edges",
    "domain/case/handling.py": "handling procedures handling_edges objection_edges acceptance",
    "domain/case/procedure.py": "procedures handling_edges",
    "domain/case/agreement.py": "agreement handling_edges",
    "domain/case/opinion.py": "handling execution handling_edges",
    "domain/case/streams.py": "streams handling_edges",
    "domain/case/review.py": "review review_edges reviewer_edges review_opinion",
    "domain/case/review_file.py": "review_file review_edges reviewer_edges review",
    "domain/case/review_opinion.py": "review_opinion review_edges review",
    "domain/case/review_refusals.py": "review review_opinion review_edges",
}
"""Each module with its tests, `tests/domain/test_….py`; a file that is not there is left out."""
