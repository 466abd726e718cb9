# Runs a command as a container of the image would: container.sh BINARY DATA USER GROUP COMMAND...
# It is started in namespaces of users and mounts of its own. Its root holds
# nothing but the binary and can't be written to, but for the mounted data. The
# user exists in a second namespace and has no rights in the first one.
set -eu
binary=$1 data=$2 user=$3 group=$4
shift 4
image_path=$PATH
PATH=/usr/sbin:/usr/bin:/sbin:/bin:$PATH
rootfs=$(dirname "$data")/rootfs
mount -t tmpfs -o mode=755 tmpfs "$rootfs"
mkdir -p "$rootfs/usr/bin" "$rootfs/data"
cp "$binary" "$rootfs/usr/bin/ration"
mount --bind "$data" "$rootfs/data"
mount -o remount,bind,ro "$rootfs"
unshare=$(command -v unshare)
PATH=$image_path
exec "$unshare" --user --map-user="$user" --map-group="$group" --root="$rootfs" --wd=/data "$@"
