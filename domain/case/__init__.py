"""The `Case` (办理件): one agency's file on one petition, the unit of responsibility, the aggregate of the law.

Pure functions over frozen values: `decide` answers a command with facts or a refusal, `receive` does the same for a
fact that another agency addressed to this one, `evolve` folds one fact into the state. Time, the law and the directory
are arguments. It never sees personal data in clear: such fields arrive sealed.

Each chapter of the Regulations is one module with its facts, commands and decisions; `aggregate` puts them together,
`state` is what they all read. A new fact is written in its chapter and nowhere else.
"""

from domain.case.aggregate import *
from domain.case.agreement import *
from domain.case.assistance import *
from domain.case.bystanding import *
from domain.case.chapter import *
from domain.case.declining import *
from domain.case.destination import *
from domain.case.handling import *
from domain.case.intake import *
from domain.case.joint import *
from domain.case.objection import *
from domain.case.opinion import *
from domain.case.procedure import *
from domain.case.record import *
from domain.case.recusal import *
from domain.case.review import *
from domain.case.review_file import *
from domain.case.review_opinion import *
from domain.case.review_refusals import *
from domain.case.routing import *
from domain.case.state import *
from domain.case.streams import *
from domain.case.urgent import *
