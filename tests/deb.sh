#!/bin/sh
# The Debian packages build from what is released, lintian finds no fault with them, and together they
# hold what make install places, each file once. scripts/install-test installs and uses them.
set -eu
for tool in dpkg-buildpackage dh lintian; do
	command -v "$tool" >/dev/null || { echo "no $tool (scripts/deps installs it)"; exit 77; }
done
fail() { echo "$*" >&2; exit 1; }
DEB_BUILD_OPTIONS="nocheck noautodbgsym parallel=2" "$TOP_SRCDIR/scripts/deb" "$TOP_BUILDDIR"
cd "$TOP_BUILDDIR/deb"
cat lintian.log

multiarch=$(dpkg-architecture -qDEB_HOST_MULTIARCH)
version=$(sed -n 's/^AC_INIT(\[bsre-token\], \[\([^]]*\)\].*/\1/p' "$TOP_SRCDIR/configure.ac")
rm -rf root
for p in bsre-token libbsre-pkcs11 bsre-vtoken; do
	[ "$(dpkg-deb -f "$p"_*.deb Version)" = "$version" ] || fail "$p is not of version $version"
	dpkg-deb -x "$p"_*.deb root
	dpkg-deb -c "$p"_*.deb | awk '$1 !~ /^d/ { sub("^\\.", "", $6); print $6 }' | grep -v '^/usr/share/doc/'
done | sort >have
[ -z "$(uniq -d have)" ] || fail "in two packages: $(uniq -d have)"
# where Debian wants a file elsewhere than make install puts it
sed -e '/^#/d' -e '/share.doc/d' -e "s|^LIBDIR|/usr/lib/$multiarch|" -e 's|^PREFIX|/usr|' -e 's|\(/man/.*\)|\1.gz|' \
	-e 's|/zsh/site-functions/|/zsh/vendor-completions/|' "$TOP_SRCDIR/tests/install.list" | sort >want
diff want have || fail "install.list (<) and what is in the packages (>) differ"

[ -s root/usr/share/doc/bsre-token/examples/bsre-tokend@.service ] || fail "no example of a unit for a service account"
dpkg-deb -c bsre-token_*.deb | grep ' ./etc/bsre-token/chain\.d/$' || fail "no place for the CAs' certificates"

# the same file for every architecture: p11-kit finds the module by its name
grep -qx 'module: libbsre-pkcs11.so' root/usr/share/p11-kit/modules/bsre-token.module
[ "$(dpkg-deb -f libbsre-pkcs11_*.deb Multi-Arch)" = same ]
# the module needs the C library alone, the utility and the module belong together
[ "$(dpkg-deb -f libbsre-pkcs11_*.deb Depends | sed 's/ (.*//')" = libc6 ]
dpkg-deb -f bsre-token_*.deb Depends | grep -qF "libbsre-pkcs11 (= $version)"
for socket in bsre-tokend bsre-token-prompt; do
	dpkg-deb --ctrl-tarfile bsre-token_*.deb | tar -xO ./postinst | grep -q "deb-systemd-helper --user enable '$socket.socket'"
done
