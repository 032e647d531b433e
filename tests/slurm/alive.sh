# alive NAME: whether the process that NAME.pid holds is still NAME (sourced by up.sh and down.sh)
alive() {
    local pid
    pid=$(cat "$ROOT/run/$1.pid" 2>/dev/null) && [ -n "$pid" ] &&
        [ "$(cat "/proc/$pid/comm" 2>/dev/null)" = "$1" ] &&
        [ "$(awk '{print $3}' "/proc/$pid/stat" 2>/dev/null)" != Z ]
}
