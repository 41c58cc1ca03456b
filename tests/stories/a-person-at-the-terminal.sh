#!/bin/sh
# The utility at a terminal, in English and in Bahasa Indonesia: what it asks, that no secret shows, that
# a no is a no, and that the echo is back after ^C.
WAYS=direct
: "${TOP_SRCDIR:=$(cd "$(dirname "$0")/../.." && pwd)}" "${TOP_BUILDDIR:=$TOP_SRCDIR/build}"
command -v expect >/dev/null || { echo "no expect (scripts/deps installs it)"; exit 77; }
command -v msgfmt >/dev/null || { echo "no msgfmt"; exit 77; }
. "$(dirname "$0")/story.sh"

# a build that is not installed has its catalogue here
mkdir -p locale/id/LC_MESSAGES
msgfmt -c -o locale/id/LC_MESSAGES/bsre-token.mo "$TOP_SRCDIR/po/id.po"
BSRE_LOCALEDIR=$PWD/locale
export BSRE_LOCALEDIR

# what is said in each language; the rest of the walk is one text
words() { # LANGUAGE
	case $1 in
	en) cat <<-'X'
		set pinis {Token PIN: }
		set newpin {New token PIN: }
		set newagain {The new token PIN again: }
		set newpuk {New PUK: }
		set pukagain {The new PUK again: }
		set puk {PUK: }
		set erase {Type the serial number to erase this token:}
		set wrong {the PIN is not correct; 2 tries are left}
		set easy {too easy to guess}
		set differ {not the same}
		set nothing {nothing was changed}
		set inited {is initialised}
		set replace {Replace this key?}
		set yes yes
		set destroy {Destroy this key?}
		set onetry {only one try is left}
		set last {LAST TRY}
		set good {is correct}
		set blocked {the PIN is blocked}
		set unblocked {has a new PIN}
		set cancelled cancelled
		X
		;;
	id) cat <<-'X'
		set pinis {PIN token: }
		set newpin {PIN token baru: }
		set newagain {Ulangi PIN token baru: }
		set newpuk {PUK baru: }
		set pukagain {Ulangi PUK baru: }
		set puk {PUK: }
		set erase {Ketik nomor serinya untuk menghapus seluruh isi token ini:}
		set wrong {PIN token salah; tersisa 2 percobaan}
		set easy {terlalu mudah ditebak}
		set differ {keduanya tidak sama}
		set nothing {tidak ada yang diubah}
		set inited {sudah diinisialisasi}
		set replace {Ganti kunci ini?}
		set yes ya
		set destroy {Hancurkan kunci ini?}
		set onetry {tersisa satu percobaan}
		set last {PERCOBAAN TERAKHIR}
		set good {benar}
		set blocked {PIN token terblokir}
		set unblocked {memiliki PIN baru}
		set cancelled dibatalkan
		X
		;;
	esac
}

walk() { # LANGUAGE
	words "$1" >walk.exp
	cat >>walk.exp <<-'X'
	set timeout 60
	match_max 100000
	log_user 1
	set stty_init "rows 40 cols 400 echo"
	proc begin {args} { global spawn_id; eval spawn -noecho bsre-token $args }
	# waits for the text; a secret that shows up on the way is a failure
	proc see {text} {
		expect {
			-re "624813|739255|90318427" { puts "\nA SECRET SHOWS"; exit 1 }
			-ex $text {}
			timeout { puts "\nTIMEOUT: $text"; exit 1 }
			eof { puts "\nEND: $text"; exit 1 }
		}
	}
	proc tell {text} { send -- "$text\r" }
	proc ends {status} {
		expect {
			-re "624813|739255|90318427" { puts "\nA SECRET SHOWS"; exit 1 }
			timeout { puts "\nTIMEOUT at the end"; exit 1 }
			eof
		}
		set got [lindex [wait] 3]
		if {$got != $status} { puts "\nexit status $got, not $status"; exit 1 }
	}
	set serial $env(SERIAL)

	# init: a wrong serial number changes nothing; a bad PIN is asked for again
	begin init --label Contoh
	see $erase; tell 1234
	see $nothing; ends 1
	begin init --label Contoh
	see $erase; tell $serial
	see $newpin; tell 123456; see $easy
	see $newpin; tell 624813; see $newagain; tell 624814; see $differ
	see $newpin; tell 624813; see $newagain; tell 624813
	see $newpuk; tell 90318427; see $pukagain; tell 90318427
	see $inited; ends 0

	# a PIN: wrong, then right; ^C and ^D leave nothing behind
	begin pin verify
	see $pinis; tell 111222; see $wrong; ends 2
	begin pin verify
	see $pinis; tell 624813; see $good; ends 0
	begin pin verify
	see $pinis; send "\003"
	expect eof; wait
	begin pin verify
	see $pinis; send "\004"; see $cancelled; ends 2
	begin pin change
	see $pinis; tell 624813
	see $newpin; tell 739255; see $newagain; tell 739255; ends 0
	begin pin change
	see $pinis; tell 739255
	see $newpin; tell 624813; see $newagain; tell 624813; ends 0

	# a key is replaced and destroyed only after a yes
	begin key generate --slot 9a --alg p256 --label satu
	see $pinis; tell 624813; see satu; ends 0
	begin key generate --slot 9a --alg p256 --label dua
	see $replace; tell n; see $nothing; ends 1
	begin key generate --slot 9a --alg p256 --label dua
	see $replace; tell $yes; see $pinis; tell 624813; see dua; ends 0
	begin key destroy --key 9a --reason "uji"
	see $destroy; tell ""; see $nothing; ends 1

	# the last try: only who types it spends it
	begin pin verify
	see $pinis; tell 111222; ends 2
	begin pin verify
	see $pinis; tell 222333; ends 2
	begin key test
	see $onetry; ends 2
	begin pin verify --yes
	ends 64
	begin pin verify
	see $onetry; see ":"; tell "no"; see $nothing; ends 1
	begin pin verify
	see $onetry; see ":"; tell $last; see $pinis; tell 333444; see $blocked; ends 2
	begin pin unblock
	see $puk; tell 90318427
	see $newpin; tell 624813; see $newagain; tell 624813; see $unblocked; ends 0
	begin status
	see Contoh; ends 0
	X
	LANGUAGE=$1 LC_ALL=C.UTF-8 SERIAL=$SERIAL command expect -f walk.exp || fail "the walk in $1"
}
SERIAL=$(bsre-token list --json | python3 -c 'import json, sys; print(json.load(sys.stdin)["tokens"][0]["serial"])')
walk en
walk id

# the terminal echoes again after ^C at a prompt that hides
cat >echo.exp <<'X'
set timeout 20
spawn -noecho sh
send "bsre-token pin verify\r"
expect -ex "Token PIN: "
send "\003"
sleep 0.5
send "stty -a\r"
expect { -re {[ ;]-echo[ ;]} { exit 1 } -re {[ ;]echo[ ;]} {} timeout { exit 1 } }
send "exit\r"
expect eof
X
command expect -f echo.exp
