#!/bin/sh
# OpenWrt with ddns-scripts (opkg install ddns-scripts), to be typed or run on the router.
# Replace __SERVER__ (name, and :port where it is not 80), __ACCOUNT__, __TOKEN__ and __HOSTNAME__.
# The words in brackets stay: the router fills them in. For IPv6 a second section with use_ipv6='1' and interface='wan6'.
uci set ddns.homing='service'
uci set ddns.homing.enabled='1'
uci set ddns.homing.interface='wan'
uci set ddns.homing.ip_source='network'
uci set ddns.homing.ip_network='wan'
uci set ddns.homing.lookup_host='__HOSTNAME__'
uci set ddns.homing.domain='__HOSTNAME__'
uci set ddns.homing.username='__ACCOUNT__'
uci set ddns.homing.password='__TOKEN__'
uci set ddns.homing.update_url='http://[USERNAME]:[PASSWORD]@__SERVER__/nic/update?hostname=[DOMAIN]&myip=[IP]'
uci commit ddns
/etc/init.d/ddns restart
