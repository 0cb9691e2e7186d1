#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# What a person or a program sees of the command line.
# timeout: 200
. "$(dirname "$0")/lib.sh"
need jq
need_samples sample.iso multi.wim install.swm install.wim

json_lines() { # what file filter: every line is an object, and the filter is true of the whole
    if [ -s "$2" ] && jq -es "all(type == \"object\") and ($3)" "$2" >/dev/null 2>jq.err; then
        pass "$1"
    else
        fail "$1" "$3" "$(cat jq.err)" "$(tail -c 1500 "$2")"
    fi
}

# Help.
expect 0 "--version" "$wtg" --version
expect 0 "--help" "$wtg" --help
says "--help lists the commands" out '^  create +IMAGE TARGET' '^  image info' '^  image list' '^  disk check'
mapfile -t commands < <(grep -oE '^  [a-z]+( [a-z]+)*' out)
for command in "${commands[@]}"; do
    # shellcheck disable=SC2086
    expect 0 "$command --help" "$wtg" $command --help
    says "$command --help says how to call it" out "usage: wtg $(echo $command) "
    # shellcheck disable=SC2086
    expect 2 "$command: unknown option" "$wtg" $command --nonsense
    # shellcheck disable=SC2086
    case $(echo $command) in undo | check) ;; # take none, too
    *) expect 2 "$command: no argument" "$wtg" $command ;; esac
done
expect 2 "no command" "$wtg"
expect 2 "unknown command" "$wtg" creat
says "the nearest command is suggested" err "create"
expect 2 "unknown option" "$wtg" create a b --sise 3G
says "the nearest option is suggested" err "--size"
expect 2 "an option without its value" "$wtg" create a b --size
expect 2 "too many arguments" "$wtg" create a b c

# Images.
expect 0 "image info" "$wtg" image info "$samples/sample.iso"
says "image info: edition, build, architecture, language" out "Windows 11 Pro" "22631" "x64|amd64" "en-US" "Professional" "LZX"
expect 0 "image info --json" "$wtg" image info "$samples/multi.wim" --json
cp out info.json
json_lines "image info --json: two images" info.json '[.. | strings] | index("Windows 11 Home") != null and index("Core") != null'
expect 0 "image info of a split image" "$wtg" image info "$samples/install.swm"
expect 0 "image list" "$wtg" image list "$samples/sample.iso"
says "image list: paths" out 'Windows.System32.winload\.efi' '你好\.txt'
expect 2 "image list of two: which?" "$wtg" image list "$samples/multi.wim"
expect 0 "image list --index" "$wtg" image list "$samples/multi.wim" --index 2
expect 0 "image list --json" "$wtg" image list "$samples/sample.iso" --json
cp out list.json
json_lines "image list --json" list.json 'length > 500'

# The plan.
expect 0 "--dry-run" "$wtg" create "$samples/sample.iso" plan.img --size 64G --dry-run
cat out err >plan
says "the plan shows the layout" plan "plan.img" "EFI|ESP" "MSR|reserved" "NTFS|Windows"
says "the plan shows the settings and why" plan "SanPolicy" "PortableOperatingSystem" "PreventDeviceEncryption" "[Hh]ibernat"
if [ -e plan.img ]; then fail "--dry-run writes nothing"; else pass "--dry-run writes nothing"; fi
expect 0 "--dry-run --json" "$wtg" create "$samples/sample.iso" plan.img --size 64G --dry-run --json
cp out plan.json
json_lines "--dry-run --json" plan.json '[.. | strings] | any(test("SanPolicy"))'
if [ -e plan.img ]; then fail "--dry-run --json writes nothing"; else pass "--dry-run --json writes nothing"; fi
expect 0 "--without leaves a setting out" "$wtg" create "$samples/sample.iso" plan.img --size 64G --dry-run --without san-policy
cat out err >plan
if grep -q "SanPolicy" plan; then fail "--without: it is gone from the plan" "$(cat plan)"; else pass "--without: it is gone from the plan"; fi
expect 2 "--without nonsense" "$wtg" create "$samples/sample.iso" plan.img --size 64G --dry-run --without nonsense
says "--without nonsense: says what there is" err "san-policy"

# Doing it.
expect 0 "create --json" "$wtg" create "$samples/multi.wim" done.img --size 2G --yes --json --edition Core
cp out done.json
json_lines "create --json: progress and a report at the end" done.json \
    'any(.event == "progress") and (last | .event == "result" or .event == "report" or .event == "done")'
if [ -s err ]; then fail "create --json: nothing on stderr" "$(cat err)"; else pass "create --json: nothing on stderr"; fi
expect 0 "create --quiet" "$wtg" create "$samples/sample.iso" quiet.img --size 2G --yes --quiet
expect 1 "--json of a failure" "$wtg" create nothing.iso x.img --size 2G --yes --json
cp out failed.json
json_lines "--json of a failure: code, text and exit" failed.json \
    'last | .event == "error" and .code == "NOT_FOUND" and .exit == 1 and (.text | length > 0)'
expect 0 "--compact off is accepted" "$wtg" create "$samples/sample.iso" compact.img --size 2G --yes --compact off
expect 2 "--compact nonsense is not" "$wtg" create "$samples/sample.iso" compact.img --size 2G --yes --compact nonsense

# Answer files.
cat >good.xml <<'X'
<?xml version="1.0" encoding="utf-8"?>
<unattend xmlns="urn:schemas-microsoft-com:unattend">
  <settings pass="oobeSystem">
    <component name="Microsoft-Windows-Shell-Setup" processorArchitecture="amd64" publicKeyToken="31bf3856ad364e35" language="neutral" versionScope="nonSxS">
      <OOBE><ProtectYourPC>3</ProtectYourPC></OOBE>
    </component>
  </settings>
</unattend>
X
echo '<unattend><settings>' >bad.xml
expect 0 "--unattend" "$wtg" create "$samples/sample.iso" answer.img --size 2G --yes --unattend good.xml
part answer.img 3 ntfs && ntfscat -f ntfs Windows/Panther/unattend.xml >there.xml 2>/dev/null
same "--unattend: the file is in its place" good.xml there.xml
expect 1 "--unattend with broken XML" "$wtg" create "$samples/sample.iso" bad.img --size 2G --yes --unattend bad.xml
if [ -e bad.img ]; then fail "--unattend with broken XML: nothing written"; else pass "--unattend with broken XML: nothing written"; fi

# The checker is no yes-man.
expect 0 "disk check" "$wtg" disk check done.img
cp --sparse=always done.img damaged.img
first=$(sgdisk -i 3 damaged.img | awk '/^First sector:/ { print $3 }')
last=$(sgdisk -i 3 damaged.img | awk '/^Last sector:/ { print $3 }')
dd if=/dev/zero of=damaged.img bs=512 seek="$last" count=1 conv=notrunc status=none
expect 3 "disk check: the backup boot sector is gone" "$wtg" disk check damaged.img
dd if=/dev/zero of=damaged.img bs=512 seek="$((first + 63))" count=64 conv=notrunc status=none
expect 3 "disk check: a hole in the system area" "$wtg" disk check damaged.img
finish
