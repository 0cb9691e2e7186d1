#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Downloads over bad lines, proofs, Microsoft's list; with a server of our own that misbehaves on order.
# ROUNDS=500: that many random schedules of faults instead of 60.
# timeout: 900
given_dir=${CASE_DIR:-}
. "$(dirname "$0")/lib.sh"
need python3 curl gpg openssl jq

noise() { openssl enc -aes-128-ctr -nosalt -pbkdf2 -k "$1" </dev/zero 2>/dev/null | head -c "$2"; }
mkdir files got
noise a 12345678 >files/a.bin
noise b 12345678 >b.bin
: >files/empty.bin
noise c 700000 >"files/odd name.bin"
sum=$(sha256sum files/a.bin | cut -c1-64)
sum1=$(sha1sum files/a.bin | cut -c1-40)
sum5=$(md5sum files/a.bin | cut -c1-32)
sum512=$(sha512sum files/a.bin | cut -c1-128)
wrong=${sum//[0-4]/5}

servers=()
keys=$(mktemp -d /tmp/wtg-case-XXXXXX) # GnuPG wants a short path
stop_all() {
    [ ${#servers[@]} -eq 0 ] || kill "${servers[@]}" 2>/dev/null
    GNUPGHOME=$keys gpgconf --kill all 2>/dev/null
    rm -rf "$keys"
}
trap 'stop_all; [ -n "$given_dir" ] || rm -rf "$CASE_DIR"' EXIT

serve() { # name options...: starts a server; its address stands in $name
    local name=$1 i
    shift
    "$top/tests/fetch/server.py" files --port-file "port.$name" "$@" 2>"server.$name.log" &
    servers+=($!)
    for ((i = 0; i < 200; i++)); do
        [ -s "port.$name" ] && break
        sleep 0.05
    done
    [ -s "port.$name" ] || { fail "the test server starts" "$(cat "server.$name.log")"; exit 1; }
    printf -v "$name" %s "$(cat "port.$name")"
}
serve port
web=http://127.0.0.1:$port
group=0
ask() { # orders [name]: an address of a group of its own, in $url
    group=$((group + 1))
    url="$web/o/g$group.0;$1/${2:-a.bin}"
}
stat_of() { curl -s "$web/stats/g$group" | jq ".$1"; }
get() { "$wtg" fetch "$@" --output got/ --stall-time 2 --tries 4; }
arrived() { # what [file]
    same "$1: arrives" "files/${2:-a.bin}" "got/${2:-a.bin}"
    if [ -e "got/${2:-a.bin}.part" ] || [ -e "got/${2:-a.bin}.part.wtg" ]; then
        fail "$1: nothing is left over"
    else pass "$1: nothing is left over"; fi
    rm -f got/*
}
nothing() { # what: no file has its final name
    if [ -e got/a.bin ]; then fail "$1: nothing has its name"; else pass "$1: nothing has its name"; fi
    rm -f got/*
}

# Nothing wrong.
ask ok
expect 0 "a download" get "$url"
says "a download: says that nothing is proved" out "nothing: no checksum"
arrived "a download"
expect 0 "an empty file" get "$web/plain/empty.bin"
arrived "an empty file" empty.bin
expect 0 "a name with a space" get "$web/plain/odd%20name.bin"
arrived "a name with a space" "odd name.bin"
for n in 1 3 16; do
    expect 0 "$n connections" get "$web/plain/a.bin" --connections $n --sha256 "$sum"
    arrived "$n connections"
done
expect 0 "every hash" get "$web/plain/a.bin" --sha256 "${sum^^}" --sha1 "$sum1" --md5 "$sum5" --sha512 "$sum512" --size 12345678
says "every hash: which are weak" out "SHA-256 $sum" "SHA-512" "MD5" "weak"
arrived "every hash"
expect 0 "--output FILE" "$wtg" fetch "$web/plain/a.bin" --output got/other.iso
same "--output FILE: arrives there" files/a.bin got/other.iso
rm got/other.iso
expect 2 "an address without a name" get "$web/"
expect 2 "another protocol" get "ftp://127.0.0.1/a.bin"
expect 2 "nothing to fetch" "$wtg" fetch
expect 0 "--dry-run" get "$web/plain/a.bin" --dry-run
says "--dry-run: size and name" out "got/a.bin" "12.3 MB"
nothing "--dry-run"
expect 0 "--json" get "$web/plain/a.bin" --json --sha256 "$sum"
check "--json: objects" jq -e -s 'all(.event) and (last | .result == "done" and .proofs[0].kind == "SHA-256")' out
rm -f got/*

# Faults that pass.
for orders in "cut:1000000;reset:2000000;cut:0;cut:3999999" "empty;garbage;500" "ok;502;408;empty" "503:1;429:0" date:1 \
    "part:1000000;part:1;part:500000" "shift:1" "total:9;ok" "long:10;less:10" "ok;ignore" "slow;slow" hang; do
    ask "$orders"
    expect 0 "$orders" get "$url" --sha256 "$sum"
    arrived "$orders"
done
ask "ok;cut:700000;reset:1500000;cut:20"
expect 0 "breaks" get "$url"
arrived "breaks"
sent=$(stat_of sent)
if [ "$sent" -le $((12345678 * 102 / 100 + 3 * 1048576)) ]; then pass "breaks: hardly anything comes twice"; else
    fail "breaks: hardly anything comes twice" "$sent bytes"; fi
for orders in "ignore*" "chunked*" "bare*"; do
    ask "$orders"
    expect 0 "$orders" get "$url"
    arrived "$orders"
done
ask "nolength*"
expect 1 "no length, no checksum" get "$url"
says "no length, no checksum: says so" err "how long"
nothing "no length, no checksum"
expect 0 "no length, a checksum" get "$url" --sha256 "$sum"
arrived "no length, a checksum"

# Faults that stay.
stays() { # what orders code pattern
    ask "$2"
    expect 1 "$1" get "$url"
    says "$1: says so" err "$4"
    expect 1 "$1, with --json" get "$url" --json
    if [ "$(jq -r -s 'last | .code' out)" = "$3" ]; then pass "$1: $3"; else fail "$1: $3" "$(cat out)"; fi
    nothing "$1"
}
stays "not there" "404*" SERVER "404"
stays "not allowed" "403*" SERVER "403"
stays "a redirect loop" "loop*" SERVER "redirects"
stays "packed on the way" "gzip*" SERVER "Content-Encoding: gzip"
stays "always busy" "503*" SERVER "503"
stays "patience for an hour" "429:3600*" SERVER "429"
stays "wrong ranges" "shift:3*" SERVER "were asked for"
stays "always cut" "cut:10*" NETWORK ""
stays "no HTTP" "garbage*" NETWORK ""
stays "one byte a second" "slow*" NETWORK "slow"
stays "no space" "huge*" NO_SPACE "are free"
expect 1 "nobody there" get "http://127.0.0.1:1/a.bin"
says "nobody there: says so" err "connect"

# The file changes.
ask "ok;change"
expect 0 "the file changes midway" get "$url" --connections 1
says "the file changes midway: says so" err "has changed" "starting over"
python3 - <<'P'
data = open("files/a.bin", "rb").read().translate(bytes((i + 1) % 256 for i in range(256)))
open("changed", "wb").write(data)
P
same "the file changes midway: the new one arrives" changed got/a.bin
rm got/a.bin
ask "ok;change"
expect 1 "the file changes midway, and a checksum is of the old one" get "$url" --connections 1 --sha256 "$sum"
nothing "the file changes midway, and a checksum is of the old one"
ask "change;change;change;change;change;change;change;change"
expect 1 "the file keeps changing" get "$url" --connections 1
says "the file keeps changing: says so" err "keeps|changed 4 times"
nothing "the file keeps changing"
ask "ok;grow"
expect 0 "the file grows midway" get "$url" --connections 1
cmp -s -n 12345678 files/a.bin got/a.bin && [ "$(stat -c %s got/a.bin)" = 12345682 ] && pass "the file grows midway: all of it" ||
    fail "the file grows midway: all of it"
rm -f got/*

# Wrong checksums.
expect 1 "another hash" get "$web/plain/a.bin" --sha256 "$wrong"
says "another hash: both are told" err "$sum" "$wrong"
if [ -e got/a.bin ]; then fail "another hash: no name"; else pass "another hash: no name"; fi
ask ok
expect 0 "another hash: then the right one, nothing comes twice" get "$web/plain/a.bin" --sha256 "$sum" --json
if [ "$(jq -s 'last | .got_bytes' out)" = 0 ]; then pass "another hash: what was there is enough"; else fail "another hash: what was there is enough" "$(cat out)"; fi
rm -f got/*
expect 1 "another hash again" get "$web/plain/a.bin" --sha256 "$wrong"
expect 1 "another hash, twice" get "$web/plain/a.bin" --sha256 "$wrong"
says "another hash, twice: starts over" err "was complete, and wrong"
nothing "another hash, twice"
expect 1 "another size" get "$web/plain/a.bin" --size 5M
nothing "another size"
expect 2 "nonsense as hash" get "$web/plain/a.bin" --sha256 123

# What is there already.
cp files/a.bin got/
expect 4 "there already, no checksum" get "$web/plain/a.bin"
expect 0 "there already, proved" get "$web/plain/a.bin" --sha256 "$sum"
says "there already, proved: says so" out "was there"
cp b.bin got/a.bin
expect 1 "there already, wrong" get "$web/plain/a.bin" --sha256 "$sum"
same "there already, wrong: untouched" b.bin got/a.bin
rm got/a.bin
ln -s ../b.bin got/a.bin.part
expect 1 "the part is a link to something" get "$web/plain/a.bin"
rm got/a.bin.part

# Stopped and resumed.
ask "ok;ok;cut:500000;hang*"
timeout -s KILL 1 "$wtg" fetch "$url" --output got/ --connections 2 >/dev/null 2>&1
if [ -s got/a.bin.part.wtg ] && [ "$(stat -c %a got/a.bin.part.wtg)" = 600 ]; then pass "killed: there is a journal, for nobody else"; else
    fail "killed: there is a journal, for nobody else" "$(ls -l got)"; fi
printf 'torn tail with no end' >>got/a.bin.part.wtg
kept=$(stat_of sent)
"$wtg" fetch "$web/o/h$group.0/a.bin" "$url" --output got/ --json --sha256 "$sum" >out 2>err
if [ "$(jq -s 'last | .resumed_bytes' out)" -gt 4000000 ]; then pass "killed: goes on where it was"; else fail "killed: goes on where it was ($kept sent)" "$(cat out err)"; fi
arrived "killed"
ask "ok;hang*"
"$wtg" fetch "$url" --output got/ >out 2>err &
pid=$!
sleep 1
expect 4 "two at once" get "$url"
says "two at once: says so" err "another program"
kill -INT $pid
wait $pid
if [ $? = 130 ]; then pass "Ctrl-C: exit 130"; else fail "Ctrl-C: exit 130"; fi
group=$((group + 1))
expect 0 "another address, a checksum" get "$web/o/g$group.0/a.bin" --sha256 "$sum" --json
if [ "$(jq -s 'last | .resumed_bytes' out)" -gt 1000000 ]; then pass "another address, a checksum: goes on"; else fail "another address, a checksum: goes on" "$(cat out)"; fi
arrived "another address, a checksum"

# Mirrors.
ask ok
expect 0 "two mirrors, one is gone" get "$web/o/m.1;404*/a.bin" "$url" --sha256 "$sum"
says "two mirrors, one is gone: says so" err "given up"
arrived "two mirrors, one is gone"
ask ok
began=$SECONDS
expect 0 "two mirrors, one is slow" "$wtg" fetch "$web/o/m.2;slow*/a.bin" "$url" --sha256 "$sum" --output got/
if [ $((SECONDS - began)) -lt 30 ]; then pass "two mirrors, one is slow: the other takes over"; else fail "two mirrors, one is slow: the other takes over"; fi
arrived "two mirrors, one is slow"
ask ok
expect 0 "two mirrors, one has another file" get "$url" "$web/o/m.3;grow*/a.bin" --sha256 "$sum"
arrived "two mirrors, one has another file"
began=$(date +%s%N)
expect 0 "--limit-rate" get "$web/plain/a.bin" --limit-rate 4MB
if [ $(($(date +%s%N) - began)) -gt 2000000000 ]; then pass "--limit-rate: takes its time"; else fail "--limit-rate: takes its time"; fi
arrived "--limit-rate"
export http_proxy=$web no_proxy=
expect 0 "a proxy" get "http://somewhere.invalid/plain/a.bin"
unset http_proxy no_proxy
arrived "a proxy"

# Safe connections.
openssl req -x509 -newkey ed25519 -nodes -keyout key.pem -out cert.pem -days 2 -subj /CN=test \
    -addext "subjectAltName=IP:127.0.0.1" 2>/dev/null
openssl req -x509 -newkey ed25519 -nodes -keyout other-key.pem -out other-cert.pem -days 2 -subj /CN=other \
    -addext "subjectAltName=DNS:other.invalid" 2>/dev/null
serve tls --tls cert.pem key.pem
serve wrong_host --tls other-cert.pem other-key.pem
safe=https://127.0.0.1:$tls
expect 0 "https" get "$safe/plain/a.bin" --ca-file cert.pem --sha256 "$sum"
arrived "https"
expect 1 "a certificate that nobody knows" get "$safe/plain/a.bin"
says "a certificate that nobody knows: says so" err "certificate" "not as safe"
expect 1 "a certificate of another host" get "https://127.0.0.1:$wrong_host/plain/a.bin" --ca-file other-cert.pem
says "a certificate of another host: says so" err "not as safe"
expect 1 "https leads to http" get "$safe/o/t.0;to:http%3a%2f%2f127.0.0.1%3a$port%2fplain%2fa.bin*/a.bin" --ca-file cert.pem
says "https leads to http: says so" err "leads from https to" "not as safe"
expect 0 "http leads to https" get "$web/o/t.1;to:https%3a%2f%2f127.0.0.1%3a$tls%2fplain%2fa.bin*/a.bin" --ca-file cert.pem
arrived "http leads to https"
expect 1 "http, https, http" get "$web/o/t.2;to:https%3a%2f%2f127.0.0.1%3a$tls%2fo%2ft.3%3bto%253ahttp%253a%252f%252f127.0.0.1%253a$port%252fplain%252fa.bin*%2fa.bin*/a.bin" --ca-file cert.pem
nothing "http, https, http"
if grep -q ' lo$' /proc/net/if_inet6 2>/dev/null; then
    serve six --ipv6
    expect 0 "IPv6" get "http://[::1]:$six/plain/a.bin"
    arrived "IPv6"
else
    skip "IPv6" "this machine has no ::1"
fi

# Lists of checksums.
(cd files && sha256sum a.bin "odd name.bin" >SHA256SUMS && sha512sum --tag a.bin >CHECKSUM && echo "$sum  other.bin" >others)
expect 0 "--checksums URL" get "$web/plain/a.bin" --checksums "$web/plain/SHA256SUMS"
arrived "--checksums URL"
expect 0 "--checksums FILE, BSD" get "$web/plain/a.bin" --checksums files/CHECKSUM
arrived "--checksums FILE, BSD"
expect 1 "a list without the name" get "$web/plain/a.bin" --checksums files/others
says "a list without the name: what it has" err "other.bin"
expect 0 "a list with another name" get "$web/plain/a.bin" --checksums files/others --name other.bin
same "a list with another name: arrives under it" files/a.bin got/other.bin
rm -f got/*
expect 1 "a list that is a web page" get "$web/plain/a.bin" --checksums files/a.bin
expect 1 "a list that is not there" get "$web/plain/a.bin" --checksums "$web/plain/nothing"

# Signatures.
export GNUPGHOME=$keys
g() { gpg --batch --quiet --no-tty --yes --pinentry-mode loopback --passphrase '' "$@" 2>>gpg.log; }
at() { local when=$1; shift; g --faked-system-time "$when" "$@"; }
g --quick-generate-key "Good <good@example>" ed25519 sign never
g --quick-generate-key "Other <other@example>" ed25519 sign never
at 20200101T000000 --quick-generate-key "Expired <expired@example>" ed25519 sign 10d
at 20200101T000000 --quick-generate-key "Old <old@example>" ed25519 sign never
g --quick-generate-key "Revoked <revoked@example>" ed25519 sign never
sign() { # key out arguments...
    local key=$1 out=$2
    shift 2
    g --local-user "$key" --output "$out" "$@"
}
sign good good.sig --detach-sign files/a.bin
sign good good.asc --armor --detach-sign files/a.bin
sign other other.sig --detach-sign files/a.bin
sign revoked revoked.sig --detach-sign files/a.bin
sign old late.sig --faked-system-time 20200102T000000 --default-sig-expire 1d --detach-sign files/a.bin
sign expired expired.sig --faked-system-time 20200102T000000 --detach-sign files/a.bin
sign good list.sig --detach-sign files/SHA256SUMS
sign good list.asc --clear-sign files/SHA256SUMS
sign good others.asc --clear-sign files/others
fingerprint=$(g --with-colons --list-keys revoked | awk -F: '/^fpr/ { print $10; exit }')
sed 's/^:-----/-----/' "$keys/openpgp-revocs.d/$fingerprint.rev" | g --import
g --export good expired old revoked >ring.gpg
g --armor --export good >ring.asc
g --export other >strangers.gpg
unset GNUPGHOME
expect 0 "a signature" get "$web/plain/a.bin" --signature good.sig --keyring ring.gpg
says "a signature: whose" out "signature" "Good <good@example>"
arrived "a signature"
expect 0 "a signature in text, a key in text" get "$web/plain/a.bin" --signature good.asc --keyring ring.asc
arrived "a signature in text, a key in text"
signed() { # what state options...
    local what=$1 state=$2
    shift 2
    expect 1 "$what" get "$web/plain/a.bin" --json "$@"
    if [ "$(jq -r -s 'last | .facts.signature' out)" = "$state" ]; then pass "$what: $state"; else fail "$what: $state" "$(cat out)"; fi
    if [ -e got/a.bin ]; then fail "$what: no name"; else pass "$what: no name"; fi
    rm -f got/*
}
signed "a signature of somebody else" unknown-key --signature other.sig --keyring ring.gpg
signed "an expired key" key-expired --signature expired.sig --keyring ring.gpg
signed "an expired signature" expired --signature late.sig --keyring ring.gpg
signed "a revoked key" revoked --signature revoked.sig --keyring ring.gpg
signed "a signature of something else" bad --signature list.sig --keyring ring.gpg
signed "what is no signature" none --signature files/SHA256SUMS --keyring ring.gpg
cp b.bin files/b.bin
expect 0 "a signed list" get "$web/plain/a.bin" --checksums files/SHA256SUMS --signature list.sig --keyring ring.gpg
says "a signed list: both are told" out "SHA-256" "Good <good@example>"
arrived "a signed list"
expect 0 "a list that carries its signature" get "$web/plain/a.bin" --checksums list.asc --keyring ring.gpg
says "a list that carries its signature: both are told" out "SHA-256" "Good <good@example>"
arrived "a list that carries its signature"
expect 0 "a list as the signature" get "$web/plain/a.bin" --signature list.asc --keyring ring.gpg
arrived "a list as the signature"
expect 0 "a list and the same list signed" get "$web/plain/a.bin" --checksums files/SHA256SUMS --signature list.asc --keyring ring.gpg
arrived "a list and the same list signed"
signed "a list and another list signed" other-file --checksums files/SHA256SUMS --signature others.asc --keyring ring.gpg
signed "a good signature of a list of other files" other-file --signature others.asc --keyring ring.gpg
sed "s/$sum/$wrong/" list.asc >forged.asc
signed "a forged list" bad --checksums forged.asc --keyring ring.gpg
signed "a list signed by somebody unknown" unknown-key --checksums list.asc --keyring strangers.gpg
expect 0 "a signed list, nobody asks" get "$web/plain/a.bin" --checksums list.asc
says "a signed list, nobody asks: says so" err "without --keyring"
rm -f got/*
expect 2 "--signature without --keyring" get "$web/plain/a.bin" --signature good.sig
expect 2 "--keyring without a signature" get "$web/plain/a.bin" --keyring ring.gpg
expect 1 "a keyring without keys" get "$web/plain/a.bin" --signature good.sig --keyring files/SHA256SUMS
if compgen -G "/tmp/wtg-keys-*" >/dev/null; then fail "no keys are left in /tmp"; else pass "no keys are left in /tmp"; fi

# A local file.
expect 0 "--from" "$wtg" fetch --from files/a.bin --output got/ --sha256 "$sum"
arrived "--from"
expect 1 "--from, wrong" "$wtg" fetch --from b.bin --output got/a.bin --sha256 "$sum"
if [ "$(ls got)" ]; then fail "--from, wrong: nothing is left"; else pass "--from, wrong: nothing is left"; fi
expect 0 "--from, signed" "$wtg" fetch --from files/a.bin --output got/ --signature good.sig --keyring ring.gpg
arrived "--from, signed"
expect 2 "--from and an address" "$wtg" fetch --from files/a.bin "$web/plain/a.bin"
expect 1 "--from nothing" "$wtg" fetch --from nothing.bin

# Microsoft's list.
python3 - "$web" "$sum1" "$sum" <<'P'
import struct, sys, zlib
web, sha1, sha256 = sys.argv[1:]
def row(name, language, edition, arch, size, sums, url, key="<Key />"):
    return (f'<File id=""><FileName>{name}</FileName><LanguageCode>{language}</LanguageCode><Language>X</Language>'
            f'<Edition>{edition}</Edition><Architecture>{arch}</Architecture><Size>{size}</Size>{sums}'
            f'<FilePath>{url}</FilePath>{key}</File>')
rows = [row("19045.3803.w.esd", "de-de", e, "x64", 12345678, f"<Sha1>{sha1}</Sha1>", f"{web}/plain/a.bin") for e in ("Core", "Enterprise")]
rows += [row("26100.1.w.esd", "de-de", "Enterprise", "ARM64", 12345678, f"<Sha256>{sha256}</Sha256>", f"{web}/o/esd/a.bin"),
         row("26100.2.w.esd", "zh-cn", "Core", "x64", 12345678, f"<Sha1>{'0' * 40}</Sha1>", f"{web}/o/esd2/a.bin"),
         row("10240.1.w.esd", "en-us", "Core", "x86", 5, f"<Sha1>{'0' * 40}</Sha1>", f"{web}/x", "<Key>abc</Key>")]
xml = ('<?xml version="1.0" encoding="utf-8"?><MCT><Catalogs><Catalog version="1"><PublishedMedia><Files>'
       + "".join(rows) + "</Files></PublishedMedia></Catalog></Catalogs></MCT>").encode()
open("products.xml", "wb").write(xml)
packer = zlib.compressobj(9, zlib.DEFLATED, -15)
packed = b"CK" + packer.compress(xml) + packer.flush()
name = struct.pack("<IIHHHH", len(xml), 0, 0, 0x5000, 0, 0x20) + b"products.xml\0"
data = struct.pack("<IHH", 0, len(packed), len(xml)) + packed
head = 36 + 8
cab = (b"MSCF" + struct.pack("<IIIIIBBHHHHH", 0, head + len(name) + len(data), 0, head, 0, 3, 1, 1, 1, 0, 7, 0)
       + struct.pack("<IHH", head + len(name), 1, 1) + name + data)
open("files/products.cab", "wb").write(cab)
open("broken.cab", "wb").write(cab[:len(cab) // 2])
P
catalog() { "$wtg" fetch --catalog "$@" --output got/; }
for list in products.xml files/products.cab "$web/plain/products.cab"; do
    expect 0 "--catalog $list" catalog "$list"
    says "--catalog $list: lists all" out "de-de.*x64.*19045.3803.*12.3 MB.*Core Enterprise" "arm64" "zh-cn" "encrypted"
done
expect 0 "from the catalog" catalog products.xml --language de-DE --edition enterprise --architecture amd64
same "from the catalog: arrives under its name" files/a.bin got/19045.3803.w.esd
rm -f got/*
expect 0 "from the catalog by SHA-256" catalog files/products.cab --build 26100 --architecture arm64 --json
check "from the catalog by SHA-256: proved" jq -e -s 'last | .proofs[0].kind == "SHA-256"' out
rm -f got/*
expect 2 "from the catalog: several fit" catalog products.xml --language de-de
says "from the catalog: several fit: shows them" out "19045" "26100"
expect 2 "from the catalog: none fits" catalog products.xml --language xx-xx
expect 1 "from the catalog: another hash" catalog products.xml --language zh-cn
rm -f got/*
expect 1 "from the catalog: encrypted" catalog products.xml --language en-us
says "from the catalog: encrypted: says so" err "encrypted"
expect 1 "a broken cabinet" catalog broken.cab
expect 1 "what is no catalog" catalog files/SHA256SUMS
expect 2 "--catalog and an address" "$wtg" fetch --catalog products.xml "$web/plain/a.bin"

# At random.
rounds=${ROUNDS:-60}
python3 "$top/tests/fetch/schedules.py" "$wtg" "$rounds" || failures=$((failures + 1))
finish
