#!/bin/sh
# boot.sh DIRECTORY: the first process of fresh mount, pid, network, uts, ipc and cgroup namespaces. Makes a
# copy-on-write root over the machine's own below DIRECTORY, enters it and becomes systemd. Every mount made here
# lives in the private mount namespace and ends with it; the machine sees none of them.
set -eu
top=$1

mount -t tmpfs -o size=2g,mode=755 sandbox "$top"
mkdir "$top/upper" "$top/work" "$top/root"
mount -t overlay -o "lowerdir=/,upperdir=$top/upper,workdir=$top/work" overlay "$top/root"
cd "$top/root"

mount -t proc proc proc
# The kernel's settings belong to the whole machine.
mount --bind proc/sys proc/sys
mount -o remount,bind,ro proc/sys
mount -t sysfs -o ro sysfs sys
mount -t cgroup2 cgroup2 sys/fs/cgroup
mount -t tmpfs -o mode=755 tmpfs run
mount -t tmpfs -o mode=1777 tmpfs tmp
mount -t tmpfs -o mode=755 tmpfs dev
for node in null zero full random urandom tty; do
  : > "dev/$node"
  mount --bind "/dev/$node" "dev/$node"
done
mkdir dev/pts dev/shm
mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts dev/pts
mount -t tmpfs -o mode=1777 tmpfs dev/shm
ln -s pts/ptmx dev/ptmx
ln -s /proc/self/fd dev/fd
ln -s fd/0 dev/stdin
ln -s fd/1 dev/stdout
ln -s fd/2 dev/stderr

# Nothing that the machine would start, mount or keep comes along: of its services only the journal. These
# deletions are marks in the overlay, the machine keeps its files.
for units in usr/lib/systemd/system etc/systemd/system; do
  find "$units" -depth \( -path '*.wants/*' -o -path '*.requires/*' \) -delete
done
rm -rf usr/lib/systemd/system-generators/* etc/systemd/system-generators etc/exportd var/lib/exportd
: > etc/fstab
mkdir -p etc/systemd/system/sysinit.target.wants
ln -s /usr/lib/systemd/system/systemd-journald.service etc/systemd/system/sysinit.target.wants/
mkdir -p etc/systemd/journald.conf.d
printf '[Journal]\nStorage=volatile\nRateLimitIntervalSec=0\n' > etc/systemd/journald.conf.d/sandbox.conf
od -An -tx1 -N16 /dev/urandom | tr -d ' \n' > etc/machine-id
echo exportd-sandbox > etc/hostname
ip link set lo up

mkdir .machine
pivot_root . .machine
umount -l /.machine
rmdir /.machine
mount --make-rshared /

kept_back=-sys_time,-sys_module,-sys_rawio,-sys_boot,-syslog,-wake_alarm
exec setpriv --bounding-set "$kept_back" --inh-caps "$kept_back" \
  env -i container=exportd-sandbox PATH=/usr/sbin:/usr/bin:/sbin:/bin TERM=dumb \
  /lib/systemd/systemd --system --unit=multi-user.target --log-target=journal --log-level=notice < /dev/null
