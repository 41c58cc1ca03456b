#!/bin/sh
# The dialog speaks the language of the program that asks, not the service's: LANGUAGE before the locale as gettext
# has it, unless the locale is C. A LANGUAGE that leads to somebody's own sentences is not followed.
WAYS=direct
. "$(dirname "$0")/story.sh"
command -v msgfmt >/dev/null || skip "no msgfmt"
export PINENTRY_DIR="$WORK" DISPLAY=:77

mkdir -p locale/id/LC_MESSAGES forged/LC_MESSAGES
msgfmt -c -o locale/id/LC_MESSAGES/bsre-token.mo "$TOP_SRCDIR/po/id.po"
printf 'msgid "%s"\nmsgstr "FORGED %%n%%n"\n' '%s wants to sign with your key.' | msgfmt -o forged/LC_MESSAGES/bsre-token.mo -

# asks LANGUAGE LC_ALL PATTERN TOLD: a program with these is asked in that language; pinentry has the LANGUAGE told
asks() {
	rm -f pinentry.log A.in A.out
	echo "always pin $P11_PIN" >pinentry.todo
	export LANGUAGE="$1" LC_ALL="$2"
	program A
	unset LANGUAGE
	LC_ALL=C.UTF-8
	on A init
	on A open
	on A "sign rsa $P11_RSA_LABEL"
	on A finalize
	exec 3>&- 4<&-
	grep -q -e "SETDESC .*$3" pinentry.log || { cat pinentry.log; fail "LANGUAGE=$1 LC_ALL=$2: not '$3'"; }
	grep -qxF "OPTION lc-messages=$2" pinentry.log || { cat pinentry.log; fail "pinentry is not told $2"; }
	grep -qxF "LANGUAGE $4" pinentry.log || { cat pinentry.log; fail "pinentry's LANGUAGE is not '$4'"; }
}

BSRE_LOCALEDIR=$PWD/locale LANGUAGE=id
export BSRE_LOCALEDIR LANGUAGE
configure "prompt = $TOP_SRCDIR/tests/tools/pinentry.py" "app = */p11client on-use"
unset LANGUAGE
asks id C.UTF-8 'ingin menandatangani' id
asks fr:id_ID:en C.UTF-8 'ingin menandatangani' fr:id_ID:en
asks en C.UTF-8 'wants to sign' en
asks id C 'wants to sign' ''
asks '' C.UTF-8 'wants to sign' ''
asks ../forged C.UTF-8 'wants to sign' ''
asks "id:$PWD/forged" C.UTF-8 'wants to sign' ''
# longer than Hello tells: the locale alone
asks "id$(printf ':%0254d' 0)" C.UTF-8 'wants to sign' ''
