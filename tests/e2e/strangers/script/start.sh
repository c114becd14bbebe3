#!/bin/sh
set -eu
echo "a script writes its settings, then begins" > /tmp/greeting
exec "$@"
