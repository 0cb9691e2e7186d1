#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# wtg explain as a person and a program see it.
. "$(dirname "$0")/lib.sh"
need jq

expect 0 "explain" "$wtg" explain 0x80070005
says "explain: name, bits, the same elsewhere, causes, path" out E_ACCESSDENIED FACILITY_WIN32 'win32:5' \
    antivirus 'check:' 'mend:' 'wtg explain --tree access-denied'
cp out hex
for code in -2147024891 2147942405 E_ACCESSDENIED hr:0x80070005; do
    expect 0 "explain $code" "$wtg" explain "$code"
    same "explain $code says the same as 0x80070005" out hex
done
expect 0 "explain of several" "$wtg" explain 0xC1900101-0x20017 0x7B 0xc000000f wimlib:55 715-123130
says "explain of several: all of them" out 0xC1900101-0x20017 INACCESSIBLE_BOOT_DEVICE 'found the volume' \
    'WIMLIB_ERR_RESOURCE_NOT_FOUND' refuses
says "a pair tells phase and operation" out 'phase 2' 'operation 0x17'
expect 0 "explain: words that belong together" "$wtg" explain 0x8007000D - 0x90002 errno 28
says "explain: a pair with blanks, errno with a blank" out 0x8007000D-0x90002 ENOSPC
# What was measured with Microsoft's boot manager.
expect 0 "0xc0000225" "$wtg" explain 0xc0000225
says "0xc0000225" out 'not there: its GUIDs'
expect 0 "0xc0000221" "$wtg" explain 0xc0000221
says "0xc0000221" out 'checksum is wrong'
expect 0 "0xc000007b" "$wtg" explain 0xc000007b
says "0xc000007b" out 'no boot'

expect 0 "a code that nobody knows" "$wtg" explain 0x8BAD1234
says "a code that nobody knows: its bits" out 'no header names it' 'error' '0x3AD' '0x1234'
expect 2 "no code" "$wtg" explain hello
says "no code: what codes look like" err 'no code' '0x80070005'
expect 2 "one of two is no code" "$wtg" explain 0x7B hello
says "one of two is no code: the other is explained" out INACCESSIBLE_BOOT_DEVICE
expect 2 "an option is no code" "$wtg" explain -x

expect 0 "--json" "$wtg" explain --json 0x80070005 0x8BAD1234
jq -es 'length == 2 and .[0].known and (.[1].known | not) and .[0].readings[0].family == "hresult"
        and .[0].readings[0].parts.facility.value == 7 and (.[0].readings[0].causes | length) > 3
        and .[0].readings[0].same_as[0].code == "5"' out >/dev/null 2>&1 &&
    pass "--json: what programs need" || fail "--json: what programs need" "$(cat out)"

for code in 0x80070005 0x80070070 0xC00E001F; do
    expect 0 "--tree $code" "$wtg" explain --tree "$code"
    says "--tree $code: questions, how to tell, answers" out 'how to tell' 'yes' 'no' '\* '
    widest=$(wc -L <out)
    if [ "$widest" -le 80 ]; then pass "--tree $code fits 80 columns"; else fail "--tree $code: $widest columns"; fi
done
expect 0 "--tree --json" "$wtg" explain --tree --json 0x80070070
jq -es '.[0].event == "tree" and (.[0].nodes | length) > 8 and .[0].nodes[0].yes > 0' out >/dev/null 2>&1 &&
    pass "--tree --json" || fail "--tree --json" "$(cat out)"
expect 1 "--tree of a code without" "$wtg" explain --tree 0x7B

# Chinese.  C.UTF-8 with LANGUAGE does, so that no locale has to be installed.
if [ -f "$build/po/zh_CN/LC_MESSAGES/wtg.mo" ]; then
    export LANGUAGE=zh_CN
    expect 0 "in Chinese" "$wtg" explain 0x80070005
    says "in Chinese" out '拒绝' '原因' '检查'
    if grep -Eq '(^|[ .])(the|and|is|of) ' out; then fail "in Chinese: nothing is left in English" "$(grep -E ' (the|and|is|of) ' out)"
    else pass "in Chinese: nothing is left in English"; fi
    for code in 0x80070005 0x80070070 0xC00E001F; do
        expect 0 "in Chinese: --tree $code" "$wtg" explain --tree $code
        widest=$(wc -L <out)
        if [ "$widest" -le 80 ]; then pass "in Chinese: --tree $code fits 80 columns"; else fail "in Chinese: $widest columns"; fi
    done
else
    skip "in Chinese" "the translations were not built"
fi
finish
