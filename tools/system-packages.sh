# shellcheck shell=bash
# Sourced by setup.sh: which system packages are missing, and installing them where that is allowed.

LIBRARY_FOLDERS=(/usr/lib /usr/lib64 /usr/local/lib /lib)

has_library() {
    # ldconfig lies in /sbin, which is not on everybody's PATH; drivers lie in folders that it does not list.
    PATH="$PATH:/sbin:/usr/sbin" ldconfig -p 2>/dev/null | grep -F "$1" >/dev/null && return
    [ -n "$(find "${LIBRARY_FOLDERS[@]}" -maxdepth 3 -name "$1" -print -quit 2>/dev/null)" ]
}

has_font() { [ -n "$(find /usr/share/fonts /usr/local/share/fonts -name "$1" -print -quit 2>/dev/null)" ]; }

is_there() {
    case $1 in
        command) command -v "$2" >/dev/null ;;
        library) has_library "$2" ;;
        font) has_font "$2" ;;
    esac
}

is_installed() { [ "$(dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# missing_packages LIST: those of a list that are neither installed nor there in another way.
missing_packages() {
    local package kind name
    while read -r package kind name; do
        case $package in '' | '#'*) continue ;; esac
        is_installed "$package" || is_there "$kind" "$name" || printf '%s\n' "$package"
    done <"$1"
}

# install_packages PACKAGE...: with apt as root or through a sudo that asks nothing; otherwise say what to do.
install_packages() {
    local reason="System packages are missing that Python, Qt or the virtual display need."
    if ! command -v apt-get >/dev/null; then
        fail "$reason This system has no apt; install what these Debian packages hold, then try again:" "$*"
    fi
    local as_root=()
    if [ "$(id -u)" -ne 0 ]; then
        if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null; then
            fail "$reason Installing them needs an administrator, once:" "apt-get install --no-install-recommends $*"
        fi
        as_root=(sudo -n)
    fi
    say "Installing system packages with apt: $*"
    # The tests start a server of their own, so the service of the package must not start: it is masked while apt runs,
    # and left switched off, not masked, so that whoever wants it later only has to enable it.
    local service=
    case " $* " in *" orthanc "*) service=orthanc.service ;; esac
    [ -z "$service" ] || quietly_systemctl mask "$service"
    local status=0
    apt_install "$@" || status=$?
    if [ -n "$service" ]; then
        quietly_systemctl unmask "$service"
        quietly_systemctl disable "$service"
        say "The service of the package orthanc is left switched off; 'systemctl enable --now orthanc' turns it on."
    fi
    [ $status -eq 0 ] ||
        fail "apt could not install them (its message stands above). Install them by hand, then try again:" \
            "apt-get install --no-install-recommends $*"
}

# Both use as_root of install_packages. A machine without systemd has no service to keep off.
quietly_systemctl() { "${as_root[@]}" systemctl "$@" >/dev/null 2>&1 || true; }

apt_install() {
    local apt=("${as_root[@]}" env RUNLEVEL=1 DEBIAN_FRONTEND=noninteractive apt-get -qq -o DPkg::Lock::Timeout=300)
    "${apt[@]}" update >&2 || say "apt-get update failed; trying with the lists at hand."
    "${apt[@]}" install -y --no-install-recommends "$@" >&2
}
