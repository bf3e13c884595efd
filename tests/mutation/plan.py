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
    "domain/local_rules.py": "local_rules local_rules_edges",
    "domain/duties.py": "duty_book duties_edges handling_duties review_duties duties_of_the_law",
    "domain/custody.py": "custody custody_edges",
    "domain/jurisdiction.py": "jurisdiction_edges jurisdiction",
    "domain/docket.py": "law_edges docket",
    "domain/case/chapter.py": "registration handoff objection times intake chapter_edges acceptance",
    "domain/case/aggregate.py": "aggregate_edges arrivals registration recusal times handoff handling",
    "domain/case/intake.py": "intake intake_edges registration acceptance",
    "domain/case/routing.py": "handoff destination routing_edges arrivals registration",
    "domain/case/objection.py": "objection objection_edges arrivals",
    "domain/case/recusal.py": "recusal",
    "domain/case/joint.py": "joint joint_edges",
    "domain/case/assistance.py": "assistance assistance_edges joint",
    "domain/case/urgent.py": "urgent urgent_edges",
    "domain/case/handling.py": "handling handling_edges acceptance simplified execution",
    "domain/case/procedure.py": "procedures procedure_edges",
    "domain/case/agreement.py": "agreement agreement_edges",
    "domain/case/opinion.py": "handling execution opinion_edges acceptance",
    "domain/case/streams.py": "streams streams_edges",
    "domain/case/review.py": "review review_edges review_opinion",
    "domain/case/review_file.py": "review_file review_edges review",
    "domain/case/review_opinion.py": "review_opinion review_edges review",
    "domain/case/review_refusals.py": "review review_opinion review_edges",
}
"""Each module with its tests, `tests/domain/test_….py`; a file that is not there is left out."""
