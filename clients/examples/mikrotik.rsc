# MikroTik RouterOS 6.44 and later: System > Scripts, and in System > Scheduler "/system script run homing" every five minutes.
# Replace __SERVER__ (name, and :port where it is not 80), __ACCOUNT__, __TOKEN__ and __HOSTNAME__.
# The address that the request comes from is taken. The reply, or that there was none, is in the log.
:local account "__ACCOUNT__"
:local token "__TOKEN__"
:local url "http://__SERVER__/nic/update?hostname=__HOSTNAME__"
:do {
  :local reply [/tool fetch url=$url user=$account password=$token mode=http output=user as-value]
  :log info ("homing: " . ($reply->"data"))
} on-error={
  :log warning "homing: no answer, or a wrong account or token"
}
