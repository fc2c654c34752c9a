# overlay.sh DIR SCRIPT FILE... runs /root/SCRIPT in a copy of this system that has the files in /root. It has to have mounts,
# processes and a network of its own.
set -euo pipefail
dir=$1 script=$2
shift 2
mount --make-rprivate /
mount -t tmpfs overlay "$dir"
mkdir "$dir"/{upper,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$dir/upper,workdir=$dir/work" "$dir/root"
root=$dir/root
mkdir -p "$root/root"
cp "$@" "$root/root/"
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
mount -t tmpfs run "$root/run"
ip link set lo up
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C.UTF-8 HOME=/root DEBIAN_FRONTEND=noninteractive chroot "$root" bash "/root/$script"
