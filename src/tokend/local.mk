# src/tokend: the daemon; one program, exec'd as broker, monitor and worker
tokendlibexec_PROGRAMS += bsre-tokend
bsre_tokend_SOURCES = \
	src/tokend/attr.c src/tokend/attr.def \
	src/tokend/broker.c src/tokend/broker.h \
	src/tokend/cache.c src/tokend/cache.h \
	src/tokend/child.c src/tokend/child.h \
	src/tokend/children.h \
	src/tokend/cipher.c src/tokend/cipher.h \
	src/tokend/conf.c src/tokend/conf.h src/tokend/conf.def \
	src/tokend/data.c src/tokend/data.h \
	src/tokend/door.c src/tokend/door.h \
	src/tokend/encode.c \
	src/tokend/guard.c src/tokend/guard.h \
	src/tokend/job.c src/tokend/job.h \
	src/tokend/ledger.c src/tokend/ledger.h \
	src/tokend/load.c src/tokend/load.h \
	src/tokend/mech.c src/tokend/mech.h src/tokend/mech.def \
	src/tokend/object.c src/tokend/object.h \
	src/tokend/peer.c src/tokend/peer.h \
	src/tokend/pin.c src/tokend/pin.h \
	src/tokend/request.c src/tokend/request.h \
	src/tokend/serve-derive.c \
	src/tokend/serve-init.c \
	src/tokend/serve-key.c \
	src/tokend/serve-login.c \
	src/tokend/serve-object.c \
	src/tokend/serve-op.c \
	src/tokend/serve-pin.c \
	src/tokend/serve-session.c \
	src/tokend/serve-slot.c \
	src/tokend/session.c src/tokend/session.h \
	src/tokend/token.c src/tokend/token.h \
	src/tokend/tokend.c \
	src/tokend/use.c src/tokend/use.h \
	src/tokend/write.c src/tokend/write.h
bsre_tokend_CFLAGS = $(AM_CFLAGS) $(CRYPTO_CFLAGS) $(SYSTEMD_CFLAGS) $(JANSSON_CFLAGS)
bsre_tokend_LDADD = libbsrecard.la libbsrewire.la libbsre.la $(CRYPTO_LIBS) $(SYSTEMD_LIBS) \
	$(JANSSON_LIBS)
