"""`lianxi petition`: what a petitioner sees of the own matter by its query code; for portals, and for trying out.

The code is read from standard input where it is given as `-`: an argument would stand in the shell's history and in the
list of processes. A slip of the pen is noticed here, without a call.
"""

import sys

import click

from lianxi.petitioner.v1 import petitioner_service_pb2 as pb
from services.cli import petitioner_tables
from services.cli.office_calls import Office, asks_for_petitioner
from services.kit.spoken_codes import is_well_written


@click.command(short_help="Follow a matter by its query code. 查询进展")
@click.argument("code")
@asks_for_petitioner
def petition(office: Office, *, code: str) -> None:
    """Show where a matter stands, by its query CODE; - reads the code from standard input. 凭查询码查询办理进展。

    Only the portal of a petition department or of the office may ask; it sees what the petitioner may see.

    \b
    lianxi petition K7QX-4M9P-02BD-VTWH-8N3C --address 127.0.0.1:50061 --certs certs --agency petition-bureau
    lianxi petition - < code.txt
    """
    written = sys.stdin.readline().strip() if code == "-" else code
    if not is_well_written(written):
        raise click.ClickException(
            "CODE_MISWRITTEN: this is no query code, a character is wrong or missing; 查询码有误,请核对每一位字符"
        )
    found: pb.Progress = office.ask("GetProgress", pb.GetProgressRequest(query_code=written))
    if office.as_json:
        office.show_json(progress=found)
        return
    office.console.print(petitioner_tables.progress(found))
