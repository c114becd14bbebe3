#!/bin/sh
# As the official image: templates of /etc/nginx/templates get the environment's values, and scripts run first.
set -e
if [ "$1" = nginx ] && [ -d /etc/nginx/templates ]; then
    names=$(env | cut -d= -f1 | sed 's/^/${/; s/$/}/' | tr '\n' ' ')
    for template in /etc/nginx/templates/*.template; do
        [ -f "$template" ] || continue
        envsubst "$names" <"$template" >"/etc/nginx/conf.d/$(basename "$template" .template)"
    done
fi
for script in /docker-entrypoint.d/*.sh; do
    if [ -x "$script" ]; then "$script"; fi
done
exec "$@"
