#!/bin/bash
# Whether the gateway in this container can answer. Nothing but bash is needed for it.
exec 3<> "/dev/tcp/127.0.0.1/${HTTP_PORT:-8080}" || exit 1
printf 'GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n' >&3
read -r -t 2 _ code _ <&3 && [ "$code" = 200 ]
