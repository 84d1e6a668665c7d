# Read by every finding: a temporary folder with pinned packages, and a program run in it. Not executable by itself.
export GT_AMQP_URL="${GT_AMQP_URL:-amqp://guest:guest@127.0.0.1:5672/}"
place=$(mktemp -d)
trap 'rm -rf "$place"' EXIT

packages() { # packages NAME==VERSION…: install them into the temporary folder; exit code 3 if that fails
    if ! { python3 -m venv "$place/venv" && "$place/venv/bin/pip" install --quiet --disable-pip-version-check "$@"; } >"$place/log" 2>&1
    then
        tail -n 3 "$place/log" >&2
        echo "not run: the packages could not be installed" >&2
        exit 3
    fi
    echo "with: $* on Python $("$place/venv/bin/python" -c 'import platform; print(platform.python_version())')"
}

run() { # run <PROGRAM: Python from standard input, away from the project; its exit code 4 says that the behaviour changed
    cd "$place"
    cat >finding.py
    local code=0
    "$place/venv/bin/python" -I finding.py 2>errors || code=$?
    case $code in
        0) ;;
        4) echo "changed: no longer as described" && exit 1 ;;
        *) tail -n 3 errors >&2 && echo "not run: the program ended with $code" >&2 && exit 3 ;;
    esac
}
