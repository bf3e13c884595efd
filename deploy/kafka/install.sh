#!/bin/sh
# Puts the jars of a Kafka broker under .lianxi/kafka/libs, so that it runs without Docker.
#
# Run it as often as you like: it does nothing when the jars of the present pom.xml are there.  As root on a Debian
# system it installs Java and Maven when they are missing; otherwise it says what to install.  It takes the jars
# through Maven's own settings and never names a mirror.  LIANXI_HOME moves .lianxi elsewhere.
set -eu

here=$(cd "$(dirname "$0")" && pwd)
home=${LIANXI_HOME:-$here/../../.lianxi}
libs=$home/kafka/libs
stamp=$home/kafka/libs.stamp
wanted=$(cksum < "$here/pom.xml")

java_is_new_enough() {
    command -v java > /dev/null || return 1
    major=$(java -version 2>&1 | sed -n 's/.*version "\([0-9]*\).*/\1/p' | head -n 1)
    [ "${major:-0}" -ge 17 ]
}

tools_are_there() {
    java_is_new_enough && command -v mvn > /dev/null
}

install_tools() {
    if [ "$(id -u)" -ne 0 ] || ! command -v apt-get > /dev/null; then
        echo "Kafka needs Java 17 or newer and Maven.  Please install them, on Debian or Ubuntu with:" >&2
        echo "    sudo apt-get install openjdk-17-jre-headless maven" >&2
        echo "and run $0 again." >&2
        exit 1
    fi
    echo "installing Java and Maven"
    export DEBIAN_FRONTEND=noninteractive
    apt-get update -qq
    # Debian releases carry different Javas; take 17, which we test with, or else the release's own.
    apt-get install -y -qq --no-install-recommends openjdk-17-jre-headless maven > /dev/null 2>&1 \
        || apt-get install -y -qq --no-install-recommends default-jre-headless maven > /dev/null
    tools_are_there || { echo "Java 17 or newer is still missing after the installation" >&2; exit 1; }
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && java_is_new_enough; then
    exit 0
fi
tools_are_there || install_tools

echo "fetching the Kafka broker into $libs"
mkdir -p "$home/kafka"
fresh=$(mktemp -d "$home/kafka/libs.XXXXXX")
trap 'rm -rf "$fresh"' EXIT
mvn -q -B -f "$here/pom.xml" dependency:copy-dependencies -DoutputDirectory="$fresh" -DincludeScope=runtime
rm -rf "$libs"
chmod 755 "$fresh"
mv "$fresh" "$libs"
# The stamp comes last: an installation that was cut short is done again.
echo "$wanted" > "$stamp"
