"""The command `lianxi`: one word for each thing that people do with the system, each in a module of its own.

A module is imported only when its word is given, so that `lianxi --help` answers at once and a missing driver of one
part does not break another.
"""

from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from typing import NamedTuple

import click


class Word(NamedTuple):
    """A subcommand: where it is defined, and what it does in one line."""

    module: str
    attribute: str
    short_help: str


WORDS: dict[str, Word] = {
    "demo": Word("demo", "demo", "Show a made-up city at work. 演示"),
    "node": Word("node", "node", "Set up and run a node of an agency. 节点"),
    "office": Word("office", "office", "Ask and run the Joint Meeting Office. 联席会议办公室"),
    "petition": Word("petition", "petition", "Follow a matter by its query code. 查询进展"),
    "directory": Word("directory", "directory", "Agencies, their superiors and successors. 机关名录"),
    "import": Word("import", "import_command", "Bring in real records from CSV or XLSX. 导入"),
    "rules": Word("rules", "rules", "Print the duty table. 期限表"),
    "due": Word("rules", "due", "Work out one date aloud. 计算期限"),
    "certs": Word("certs", "certs", "Make and look at certificates. 证书"),
    "kafka": Word("kafka", "kafka", "Run a Kafka broker here. 消息中间件"),
}
"""Every subcommand; its module is `services/cli/<module>_commands.py`."""


class LazyGroup(click.Group):
    """A group whose subcommands are listed from the table and imported when called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the words whose module is installed, in the order of the table."""
        return [name for name, word in WORDS.items() if find_spec(_module(word)) is not None]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import and return a subcommand, or nothing for an unknown word."""
        word = WORDS.get(cmd_name)
        if word is None or find_spec(_module(word)) is None:
            return None
        command = getattr(import_module(_module(word)), word.attribute)
        assert isinstance(command, click.Command)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the words without importing what stands behind them."""
        with formatter.section("Commands 命令"):
            formatter.write_dl([(name, WORDS[name].short_help) for name in self.list_commands(ctx)])


def _module(word: Word) -> str:
    return f"services.cli.{word.module}_commands"


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(version("lianxi"), message="lianxi %(version)s")
def main() -> None:
    """Lianxi 联席: agencies that handle petitions hold each other to their duties. 信访工作联席会议协同系统。

    Each agency's node records what the agency does; the Joint Meeting Office sees who holds each petition, what is due
    when and by which article, and what is late.

    \b
    See it at work              lianxi demo
    Start with a node           lianxi node init DIRECTORY --node ID --agency ID … ; lianxi node run --env-file FILE
    Bring in real records       lianxi import FILE --mapping MAPPING.toml
    Learn about one command     lianxi COMMAND --help
    """


if __name__ == "__main__":
    main()
