#!/bin/bash
# SPDX-License-Identifier: GPL-3.0-or-later
# Signatures made by osslsigncode, and judged by it and by wtg.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need osslsigncode openssl grub-mkimage jq python3

# A root, an authority, a signer, one that has expired, one for mail, an authority of time.
cat >ssl.cnf <<'EOF'
[req]
distinguished_name = dn
prompt = no
[dn]
[ca]
basicConstraints = critical,CA:TRUE
[code]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = codeSigning
[mail]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = emailProtection
[time]
basicConstraints = critical,CA:FALSE
extendedKeyUsage = critical,timeStamping
EOF
cert() { # name issuer extensions days-from-now-it-ends
    openssl req -new -newkey rsa:2048 -nodes -keyout "$1.key" -subj "/CN=Test $1" -config ssl.cnf -out "$1.csr"
    if [ "$2" = "$1" ]; then
        openssl x509 -req -in "$1.csr" -signkey "$1.key" -extfile ssl.cnf -extensions "$3" -days "$4" -out "$1.pem"
    else
        openssl x509 -req -in "$1.csr" -CA "$2.pem" -CAkey "$2.key" -CAcreateserial -extfile ssl.cnf \
            -extensions "$3" -days "$4" -out "$1.pem"
    fi
}
quietly cert root root ca 4000
quietly cert authority root ca 3000
quietly cert signer authority code 400
quietly cert mail authority mail 400
quietly cert time authority time 400
for c in signer mail time; do cat "$c.pem" authority.pem >"$c-chain.pem"; done
printf 'sbat,1,SBAT Version,sbat,1,x\ngrub,4,Test,grub,1,x\n' >sbat.csv
quietly grub-mkimage -O x86_64-efi -p / --sbat sbat.csv -o plain.efi normal fat part_gpt

sign() { # what in out options...
    local in=$2 out=$3
    rm -f "$3"
    set -- "${@:4}"
    osslsigncode sign -certs signer-chain.pem -key signer.key "$@" -in "$in" -out "$out"
}
state() { # file options...: the state, and those of all signatures
    "$wtg" image signatures --json "$@" 2>err | jq -r '[.state, (.signatures[].state)] | join(" ")'
}
is() { # what want file options...
    local got
    got=$(state "${@:3}")
    if [ "$got" = "$2" ]; then pass "$1"; else fail "$1" "'$got', not '$2'" "$(cat err)"; fi
}
both_good() { # what file: osslsigncode and wtg agree
    check "$1: osslsigncode agrees" osslsigncode verify -CAfile root.pem -TSA-CAfile root.pem -in "$2"
    expect 0 "$1" "$wtg" image signatures --root root.pem "$2"
}

expect 3 "not signed" "$wtg" image signatures plain.efi
says "not signed: says so" out 'not signed'
quietly sign x plain.efi signed.efi
both_good "signed" signed.efi
says "signed: who, by whom, under which root" out 'signer +Test signer' 'issuer +Test authority' \
    'root +Test root' 'no timestamp' 'SBAT +sbat 1' 'grub 4 .a current shim starts no less than 5'
is "without the root" "incomplete incomplete" signed.efi
expect 3 "without the root: exit code 3" "$wtg" image signatures signed.efi
quietly sign x plain.efi pages.efi -ph
both_good "with page hashes" pages.efi
quietly sign x plain.efi sha1.efi -h sha1
both_good "by SHA-1" sha1.efi
quietly sign x sha1.efi nested.efi -h sha256 -nest
both_good "nested" nested.efi
is "nested: two signatures" "good good good" nested.efi --root root.pem
quietly sign x plain.efi stamped.efi -TSA-certs time-chain.pem -TSA-key time.key
both_good "with a timestamp" stamped.efi
says "with a timestamp: by whom" out 'confirmed by Test time'
osslsigncode extract-signature -in signed.efi -out signed.p7 >/dev/null 2>&1
quietly osslsigncode attach-signature -CAfile root.pem -sigin signed.p7 -in plain.efi -out attached.efi
both_good "the signature of another copy" attached.efi

# Changed, cut, for mail, not valid yet.
flip() { # file out offset
    cp "$1" "$2"
    printf '\xa5' | dd of="$2" bs=1 seek="$3" conv=notrunc status=none
}
flip stamped.efi changed.efi 5000
is "a byte was changed" "changed changed" changed.efi --root root.pem
if osslsigncode verify -CAfile root.pem -in changed.efi >/dev/null 2>&1; then
    fail "osslsigncode sees the change too"
else
    pass "osslsigncode sees the change too"
fi
flip stamped.efi signature.efi $(($(stat -c %s plain.efi) + 1000))
expect 3 "a byte of the signature was changed" "$wtg" image signatures --root root.pem signature.efi
head -c $(($(stat -c %s signed.efi) - 100)) signed.efi >cut.efi
is "cut off" "changed" cut.efi --root root.pem
says "cut off: says where" <("$wtg" image signatures cut.efi) 'bytes at byte [0-9]+, of a file of'
quietly osslsigncode sign -certs mail-chain.pem -key mail.key -in plain.efi -out mail.efi
is "a certificate for mail" "no-code-signing no-code-signing" mail.efi --root root.pem

# Catalogs.
sum256=$("$wtg" image signatures --json plain.efi | jq -r .sha256)
printf 'just a text\n' >text
sum1=$(sha1sum <text | cut -d' ' -f1)
quietly python3 "$top/tests/cases/make-catalog" bare.cat "$sum256" "$sum1"
quietly sign x bare.cat test.cat -TSA-certs time-chain.pem -TSA-key time.key
check "catalog: osslsigncode finds the program in it" osslsigncode verify -CAfile root.pem \
    -TSA-CAfile root.pem -c test.cat -in plain.efi
is "a program in a catalog" "good good" plain.efi --root root.pem --catalog test.cat
is "a text in a catalog" "good good" text --root root.pem --catalog test.cat
is "the catalog itself" "good good" test.cat --root root.pem
is "a catalog of strangers" "incomplete incomplete" text --catalog test.cat
echo more >>text
is "a text that is in no catalog" "not-signed" text --root root.pem --catalog test.cat
expect 1 "no catalog" "$wtg" image signatures text --catalog text
says "no catalog: says which file" err "'text' as a catalog"

# What firmware refuses.
python3 - "$sum256" authority.pem <<'EOF'
import base64, struct, sys
owner = bytes(16)
def one(kind, data):
    return bytes.fromhex(kind) + struct.pack("<III", 28 + 16 + len(data), 0, 16 + len(data)) + owner + data
pem = open(sys.argv[2]).read().split("-----")[2]
open("hash.dbx", "wb").write(b"\x27\0\0\0" + one("2616c4c14c509240aca941f936934328", bytes.fromhex(sys.argv[1])))
open("cert.dbx", "wb").write(one("a159c0a5e494a74a87b5ab155c2bf072", base64.b64decode(pem)))
EOF
is "revoked by its hash" "revoked good" signed.efi --root root.pem --dbx hash.dbx
is "revoked by an authority" "revoked revoked" signed.efi --root root.pem --dbx cert.dbx
expect 1 "no list of revoked signatures" "$wtg" image signatures text --dbx ssl.cnf
printf '\x27\0\0\0' >empty.dbx
is "an empty list" "good good" signed.efi --root root.pem --dbx empty.dbx

# Microsoft's own: the two signatures of Debian's shim, under a program that is not it.
"$wtg" image signatures --json "$top/tests/fuzz/corpus/pe-sign/of-microsoft" >ms.json
check "signatures of Microsoft: the chains and times hold, the program is another" jq -e '
    .state == "changed" and (.signatures | length) == 2 and
    all(.signatures[]; .state == "changed" and .stamped_at > 1778600000 and .stamper == "Microsoft Time-Stamp Service") and
    [.signatures[].ca] == ["uefi-2011", "uefi-2023"]' ms.json
shim=/usr/lib/shim/shimx64.efi.signed
if [ -e $shim ]; then
    expect 0 "Debian's shim" "$wtg" image signatures $shim
else
    skip "Debian's shim" "shim-signed is not installed"
fi
expect 1 "no such file" "$wtg" image signatures nothing
head -c 70000000 /dev/zero >large
expect 1 "a file too large" "$wtg" image signatures large
finish
