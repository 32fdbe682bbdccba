#!/usr/bin/env bash
# Installs Postfix and Dovecot from Debian's packages for tests/test_mailservers.py. Starts neither and configures neither:
# the test gives them a folder, ports and settings of its own. Needs root and apt; says why when it cannot.
set -euo pipefail
[ "$(id -u)" = 0 ] || { echo "installing Postfix and Dovecot needs root" >&2; exit 1; }
command -v apt-get > /dev/null || { echo "installing Postfix and Dovecot needs apt" >&2; exit 1; }
export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1 # with this run level the packages do not start their services
echo "postfix postfix/main_mailer_type select No configuration" | debconf-set-selections
timeout 60 apt-get update -qq || true
timeout 240 apt-get install -y -qq --no-install-recommends postfix dovecot-imapd
