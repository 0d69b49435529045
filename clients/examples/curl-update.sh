#!/bin/sh
# One update with curl, for cron: silent and 0 when the address is published, a line on standard error and 1 when not.
# Replace __SERVER__ (name, and :port where it is not 80), __ACCOUNT__, __TOKEN__ and __HOSTNAME__; mode 0700.
# The address that the request comes from is taken. Others: append &myip=198.51.100.7,2001:db8::7 to the URL.
set -eu

# Through standard input, because everybody on the machine can read the arguments of a program.
reply=$(
  curl --silent --show-error --max-time 30 --config - <<'END'
user = "__ACCOUNT__:__TOKEN__"
url = "http://__SERVER__/nic/update?hostname=__HOSTNAME__"
END
)
case $reply in
  good* | nochg*) ;;
  *)
    echo "__HOSTNAME__ was not updated: $reply" >&2
    exit 1
    ;;
esac
