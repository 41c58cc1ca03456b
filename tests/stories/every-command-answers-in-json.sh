#!/bin/sh
# Every command of the utility, once, with --json: the members that the manual names are there, and what
# was written is what OpenSSL reads. Ends with no command left out.
WAYS=direct
. "$(dirname "$0")/story.sh"
pin=$DESK_DIR/pin puk=$DESK_DIR/puk
: >used
# does WORDS OPTIONS -- EXPRESSION: runs the command, o is its JSON, the Python expression must hold
does() {
	command=$1
	shift
	echo "$command" >>used
	# shellcheck disable=SC2086  # the words of a command
	bsre-token $command --json "$@" >out.json
	shape "$command"
}
# every member stands in the manual with its type, and is there unless the manual says that it may be missing
shape() { python3 "$TOP_SRCDIR/tests/tools/shapes.py" "$TOP_SRCDIR/man/bsre-token-json.5" "$1" out.json; }
holds() {
	python3 - "$1" <<-'X'
		import json, sys
		o = json.load(open("out.json"))
		assert eval(sys.argv[1]), (sys.argv[1], o)
	X
}

does version
holds 'o["version"] and o["protocol"] >= 1'
does help
holds 'len(o["commands"]) > 20'
python3 -c 'import json; [print(c["command"]) for c in json.load(open("out.json"))["commands"]]' >commands
does list
holds '[t["label"] for t in o["tokens"]] == ["Test Token"] and o["tokens"][0]["pin_tries"] == 3'
does init --label Contoh --pin-file "$pin" --puk-file "$puk" --yes
holds 'o["label"] == "Contoh" and o["serial"]'
does list
holds 'o["tokens"][0]["puk_tries"] == 3'
does "key generate" --slot 9c --label tanda-tangan --pin-file "$pin"
holds 'o["slot"] == "9c" and o["algorithm"] == "rsa2048" and o["local"] and not o["extractable"]'
does "key generate" --slot 9a --alg p256 --label masuk --id 0a0b --pin-policy once --pin-file "$pin"
holds 'o["id"] == "0a0b"'
does "key list"
holds '[k["slot"] for k in o["keys"]] == ["9c", "9a"] or [k["slot"] for k in o["keys"]] == ["9a", "9c"]'
does "key test" --key 9c --pin-file "$pin"
holds 'o["signed"] == ["RSA-SHA256", "RSASSA-PSS"]'
does "key test" --key masuk --pin-file "$pin"
holds 'o["signed"] == ["ecdsa-with-SHA256"]'
does "key attest" --key 0a0b --pin-file "$pin"
holds '"BEGIN CERTIFICATE" in o["pem"] and o["signed_by_intermediate"]'
printf '{"data": {"common_name": "Budi", "organization_unit": ["A", "B"], "country": "ID", "key_length": ["2048"]}}' >dn
does request --key 9c --dn dn --pin-file "$pin"
holds 'o["subject"] == "CN = Budi, OU = A, OU = B, C = ID"'
python3 -c 'import json; print(json.load(open("out.json"))["request"], end="")' >csr.pem
openssl req -in csr.pem -verify -noout
openssl req -in csr.pem -noout -text | grep X509v3 && fail "extensions that nobody asked for"
bsre-token request --key 9c --dn dn --pin-file "$pin" --san DNS:a.example,email:b@c.example --key-usage \
	digitalSignature,nonRepudiation --extended-key-usage emailProtection | openssl req -verify -noout -text >text
grep 'DNS:a.example, email:b@c.example' text
grep 'Digital Signature, Non Repudiation' text
grep 'E-mail Protection' text
refused 64 'cannot be' bsre-token request --key 9c --dn dn --pin-file "$pin" --san dirName:x
refused 64 'cannot be' bsre-token request --key 9c --dn dn --pin-file "$pin" --san email:copy
refused 64 'cannot be' bsre-token request --key 9c --dn dn --pin-file "$pin" --key-usage everything
refused 6 '2048 bits' bsre-token request --key 9a --dn dn --pin-file "$pin"
openssl x509 -req -in csr.pem -CA "$TEST_CA_DIR/ca.pem" -CAkey "$TEST_CA_DIR/ca.key" -CAcreateserial -days 20 \
	-extfile "$TEST_CA_DIR/user.ext" -out cert.pem
openssl crl2pkcs7 -nocrl -certfile "$TEST_CA_DIR/ca.pem" -certfile cert.pem -outform DER -out bundle.p7b
does "cert import" bundle.p7b --pin-file "$pin"
holds 'o["certificate"]["holder"] == "Budi" and not o["already_there"]'
does "cert import" cert.pem --pin-file "$pin"
holds 'o["already_there"]'
does "cert list"
holds 'len(o["certificates"]) == 1 and o["certificates"][0]["state"] == "expiring"'
does "cert export" 9c
python3 -c 'import json; print(json.load(open("out.json"))["pem"], end="")' | cmp - cert.pem
bsre-token cert export --der -o cert.der
openssl x509 -in cert.pem -outform DER | cmp - cert.der
does "cert check" 9c --chain "$TEST_CA_DIR/ca.pem"
holds 'all(c["good"] for c in o["checks"])'
holds '[c["id"] for c in o["checks"]] == ["key", "validity", "key-usage", "chain"]'
expect 1 bsre-token cert check 9c --chain cert.pem
head -c 300000 /dev/urandom >file
does sign file --pin-file "$pin" --chain "$TEST_CA_DIR/ca.pem"
holds 'o["signature"] == "file.p7s" and o["signer"]["holder"] == "Budi"'
openssl cms -verify -binary -inform DER -in file.p7s -content file -CAfile "$TEST_CA_DIR/ca.pem" -purpose any -out /dev/null
bsre-token sign file --pem --pss --pin-file "$pin" -o pss.pem
openssl cms -verify -binary -inform PEM -in pss.pem -content file -CAfile "$TEST_CA_DIR/ca.pem" -purpose any -out /dev/null
does verify file --chain "$TEST_CA_DIR/ca.pem"
holds 'o["valid"] and o["unchanged"] and o["signers"][0]["signing_time"]'
holds 'o["signers"][0]["revocation"] == "not-looked-up"'
openssl cms -sign -binary -in file -signer "$TEST_CA_DIR/server.pem" -inkey "$TEST_CA_DIR/server.key" -outform DER \
	-out openssl.p7s 2>/dev/null && bsre-token verify file openssl.p7s --chain "$TEST_CA_DIR/ca.pem"
echo more >>file
refused 1 'changed' bsre-token verify file --chain "$TEST_CA_DIR/ca.pem"
does status
holds 'o["readers"][0]["state"] == "ready" and len(o["tokens"][0]["keys"]) == 2 and o["tokens"][0]["logins"] == []'
printf '914728\n' >new && chmod 600 new
does "pin change" --pin-file "$pin" --new-pin-file new
holds 'o["changed"]'
does "pin verify" --pin-file new
holds 'o["verified"]'
does "pin unblock" --puk-file "$puk" --new-pin-file "$pin"
holds 'o["unblocked"]'
does status
holds 'o["tokens"][0]["pin_tries"] == 3 and o["tokens"][0]["puk_tries"] == 3'
printf '60318422\n' >newpuk && chmod 600 newpuk
does "pin set-puk" --puk-file "$puk" --new-puk-file newpuk
holds 'o["changed"]'
refused 2 '2 tries are left' bsre-token pin set-puk --puk-file "$puk" --new-puk-file newpuk
does status
holds 'o["tokens"][0]["pin_tries"] == 3 and o["tokens"][0]["puk_tries"] == 2'
does "cert delete" 9c --pin-file "$pin" --yes
holds 'o["deleted"]["holder"] == "Budi"'
does "key destroy" --key 9a --reason selesai --pin-file "$pin" --yes
holds 'o["destroyed"]["label"] == "masuk" and not o["certificate_stays"]'
bsre-token history --json --verify >out.json
shape history
does history
does history --last 3
holds 'o["intact"] and o["entries"][-1]["reason"] == "selesai" and len(o["entries"]) == 3'
does register --user --app ssh,java --app openssl --module "$P11_MODULE"
holds 'o["scope"] == "user" and o["changed"] == 3 and not o["failed"] and {p["program"] for p in o["programs"]} == {"ssh", "java", "openssl"}'
holds 'all(p["state"] == "registered" and p["file"] and p["diff"] for p in o["programs"]) and len(o["use"]) == 3 and o["restart"] == []'
does unregister --user
holds 'o["changed"] == 3 and all(p["state"] == "removed" for p in o["programs"])'
# a failure is told in JSON as well
expect 4 sh -c 'bsre-token key test --key 9a --json >out.json 2>/dev/null'
shape "key test"
holds 'o["error"]["code"] == "KEY_NOT_FOUND" and o["error"]["exit"] == 4 and o["error"]["next"]'
# a member that the manual does not name is noticed, and one of another type, and one that is missing
for wrong in '{"serial": "1", "label": "x", "more": 1}' '{"serial": 1, "label": "x"}' '{"serial": "1"}'; do
	echo "$wrong" >out.json
	! shape init || fail "this is no reply of init: $wrong"
done
python3 "$TOP_SRCDIR/tests/tools/shapes.py" "$TOP_SRCDIR/man/bsre-token-json.5" "$TOP_SRCDIR/man/id/bsre-token-json.5"
# a ledger that somebody changed
cp -R "$XDG_STATE_HOME/bsre-token/ledger" copy 2>/dev/null || cp -R "$DESK_DIR/state/bsre-token/ledger" copy
bsre-token history --ledger copy
sed -i '3d' copy/*.jsonl
refused 1 'line 3' bsre-token history --ledger copy


sort commands >all; sort -u used | comm -3 - all | grep . && fail "these were left out"
exit 0
