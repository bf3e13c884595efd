"""`lianxi kafka`: a real Kafka broker on this machine, without Docker, for trying the system out and for tests.

It listens on loopback only and keeps one copy of everything.  Service in earnest needs a cluster: see `deploy/`.
"""

import signal
import time

import click

from services.kit.bus.broker import DEFAULT_PORT, BrokerUnusable, KafkaBroker, runtime_directory


def _broker(port: int | None = None) -> KafkaBroker:
    return KafkaBroker(runtime_directory() / "kafka" / "broker", port)


@click.group(short_help="Run a Kafka broker here. 消息中间件")
def kafka() -> None:
    """Run a Kafka broker on this machine, without Docker. 在本机运行 Kafka(不需要 Docker)。

    \b
    lianxi kafka start
    lianxi kafka status
    lianxi kafka stop
    """


@kafka.command(short_help="Start the broker. 启动")
@click.option("--port", default=DEFAULT_PORT, show_default=True, help="Loopback port for clients.")
@click.option("--foreground", is_flag=True, help="Stay here, and stop the broker on interrupt.")
def start(*, port: int, foreground: bool) -> None:
    """Start the broker; the first time this fetches it, and Java when run as root. 启动(首次会自动安装)。"""
    broker = _broker(port)
    found_running = broker.pid is not None
    try:
        broker.start()
    except BrokerUnusable as unusable:
        raise click.ClickException(str(unusable)) from unusable
    click.echo(f"{'already running' if found_running else 'running'} 运行中: {broker.url} (process {broker.pid})")
    if foreground:
        _stay(broker)


@kafka.command(short_help="Stop the broker. 停止")
def stop() -> None:
    """Stop the broker; its data stays. 停止(数据保留)。"""
    broker = _broker()
    was_running = broker.pid is not None
    broker.stop()
    click.echo("stopped 已停止" if was_running else "was not running 未在运行")


@kafka.command(short_help="Say whether the broker runs. 状态")
@click.pass_context
def status(context: click.Context) -> None:
    """Say whether the broker runs, and where; ends with 1 when it does not. 查看是否在运行。"""
    broker = _broker()
    if broker.pid is None:
        click.echo("not running 未在运行")
        context.exit(1)
    click.echo(f"running 运行中: {broker.url} (process {broker.pid})")
    click.echo(f"log 日志: {broker.log_file}")


def _stay(broker: KafkaBroker) -> None:
    # A service manager ends us with TERM, a person with an interrupt; both mean the same.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        while broker.pid is not None:
            time.sleep(0.5)
    except KeyboardInterrupt:
        click.echo("stopping 正在停止")
    finally:
        broker.stop()
