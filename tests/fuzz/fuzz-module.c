/* A hostile broker: any replies to a program's calls through the whole module. Input: a record for
 * each request that the module sends: a byte of kind, two of length, a body. */
#include "config.h"
#include <stdlib.h>
#include <sys/socket.h>
#include <unistd.h>
#include "lib/span.h"
#include "pkcs11/pkcs11-3.h"
#include "wire/conn.h"
#include "wire/hello.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n);
err __wrap_hello_connect(const char *path, int *fd);
err __wrap_conn_send(struct conn *c, struct span frame, bool *unsent);

enum kind { REPLY_OK, REPLY_ERR, REPLY_TO_NOBODY, RAW, HANG_UP, KINDS };

static struct cur script;
static int other_end = -1;

static void hang_up(void)
{
	if (other_end >= 0)
		close(other_end);
	other_end = -1;
}

err __wrap_hello_connect(const char *path, int *fd)
{
	int pair[2];

	(void)path;
	hang_up();
	if (!cur_left(&script) || socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) < 0)
		return FAIL(NO_DAEMON);
	*fd = pair[0];
	other_end = pair[1];
	return OK;
}

/* The next record as the answer to the request of this id; nothing for a request without one. */
static void answer(uint32_t id)
{
	static uint8_t room[FRAME_MAX * 2];
	struct buf b = BUF(room);
	enum kind kind = (enum kind)(cur_u8(&script) % KINDS);
	struct span body = cur_counted(&script, 2);
	struct cur c = cur_of(body);
	uint16_t code = kind == REPLY_ERR ? cur_u16(&c) : 0;

	if (script.bad || kind == HANG_UP) {
		hang_up();
		return;
	}
	size_t at = frame_begin(&b, kind == REPLY_TO_NOBODY ? id + 1 : id, code, 0);
	if (kind == RAW)
		b.n = at;
	buf_put(&b, cur_rest(&c));
	if (kind != RAW)
		frame_end(&b, at);
	if (send(other_end, b.p, b.n, MSG_NOSIGNAL | MSG_DONTWAIT) < 0)
		hang_up();
	if (kind == RAW)		/* half a frame is waited for as long as its sender lives */
		hang_up();
}

err __wrap_conn_send(struct conn *c, struct span frame, bool *unsent)
{
	struct frame f;

	(void)c;
	*unsent = false;
	if (!ok(frame_open(frame, &f)) || frame_size(frame) != frame.n)
		abort();		/* what we send is right, whatever we are told */
	if (f.id && other_end >= 0)
		answer(f.id);
	return OK;
}

/* --- a program -------------------------------------------------------------------------------- */

static void look_at_slots(void)
{
	CK_SLOT_ID list[4];
	CK_MECHANISM_TYPE types[8];
	CK_MECHANISM_INFO mech;
	CK_TOKEN_INFO token;
	CK_SLOT_INFO slot;
	CK_ULONG n = 4;

	C_GetSlotList(CK_FALSE, NULL, &n);
	C_GetSlotList(CK_TRUE, list, &n);
	for (CK_SLOT_ID i = 1; i < 3; i++) {
		C_GetSlotInfo(i, &slot);
		C_GetTokenInfo(i, &token);
	}
	n = 8;
	C_GetMechanismList(1, types, &n);
	C_GetMechanismInfo(1, CKM_RSA_PKCS, &mech);
	C_WaitForSlotEvent(CKF_DONT_BLOCK, list, NULL);
}

static void look_at_objects(CK_SESSION_HANDLE h)
{
	uint8_t small[4], large[300];
	CK_OBJECT_CLASS class = CKO_CERTIFICATE;
	CK_ATTRIBUTE filter = { CKA_CLASS, &class, sizeof class };
	CK_ATTRIBUTE attrs[] = {
		{ CKA_LABEL, NULL, 0 }, { CKA_ID, small, sizeof small }, { CKA_VALUE, large, sizeof large },
		{ CKA_WRAP_TEMPLATE, large, sizeof large },
	};
	CK_OBJECT_HANDLE found[5];
	CK_ULONG n;

	C_FindObjectsInit(h, &filter, 1);
	while (C_FindObjects(h, found, 5, &n) == CKR_OK && n)
		if (n > 5)
			abort();
	C_FindObjectsFinal(h);
	C_GetAttributeValue(h, 1, attrs, 4);
	C_GetObjectSize(h, 1, &n);
	C_CreateObject(h, &filter, 1, found);
}

static void use_keys(CK_SESSION_HANDLE h)
{
	static uint8_t data[70000];
	uint8_t small[8], out[512];
	CK_MECHANISM mech = { CKM_RSA_PKCS, NULL, 0 };
	CK_ULONG n = sizeof out;

	C_SignInit(h, &mech, 1);
	C_Sign(h, data, 32, NULL, &n);
	n = sizeof out;
	C_Sign(h, data, 32, out, &n);
	C_SignInit(h, &mech, 1);
	C_SignUpdate(h, data, sizeof data);
	n = sizeof out;
	C_SignFinal(h, out, &n);
	C_DecryptInit(h, &mech, 1);
	n = sizeof small;
	C_Decrypt(h, data, 256, small, &n);
	n = sizeof out;
	C_Decrypt(h, data, 256, out, &n);
	C_DecryptInit(h, &mech, 1);
	n = sizeof small;
	C_DecryptUpdate(h, data, 256, small, &n);
	n = sizeof out;
	C_DecryptFinal(h, out, &n);
	C_VerifyInit(h, &mech, 1);
	C_Verify(h, data, 32, out, 256);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	CK_UTF8CHAR pin[] = "123456";
	CK_SESSION_INFO info;
	CK_SESSION_HANDLE h = 0;

	script = cur_of((struct span){ data, n });
	C_Initialize(NULL);
	look_at_slots();
	C_OpenSession(1, CKF_SERIAL_SESSION, NULL, NULL, &h);
	C_GetSessionInfo(h, &info);
	C_Login(h, CKU_USER, pin, 6);
	look_at_objects(h);
	use_keys(h);
	C_CloseSession(h);
	C_CloseAllSessions(1);
	C_Finalize(NULL);
	hang_up();
	return 0;
}
