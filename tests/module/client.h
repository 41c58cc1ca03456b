/* A cmocka test of the module: a broker of canned tokens at `path`, and what is asked again and again. */
#ifndef BSRE_TEST_CLIENT_H
#define BSRE_TEST_CLIENT_H
#include <pthread.h>
#include <unistd.h>
#include "fake.h"
#include "host.h"
#include "unit.h"
#include "wire/calls.h"

extern CK_FUNCTION_LIST_3_0 *m;
extern struct fake fake;
extern char path[128];
extern CK_UTF8CHAR pin[7];

#define same(rv, want) assert_int_equal((rv), (want))
#define fine(rv)       same(rv, CKR_OK)

/* Tests without a broker, and with one that has token A1 in it, initialised. */
#define ALONE(x) cmocka_unit_test(x)
#define WITH(x)  cmocka_unit_test_setup_teardown(x, up, down)
int  up(void **state);
int  down(void **state);
void prepare(void);			/* first thing in main */

CK_ULONG slots(CK_BBOOL present);
CK_SESSION_HANDLE open_session(CK_SLOT_ID slot);
CK_RV alive(CK_SESSION_HANDLE h);	/* what C_GetSessionInfo says */
bool serial_in(CK_SLOT_ID slot, const char *serial);
CK_RV sign_init(CK_SESSION_HANDLE h, CK_OBJECT_HANDLE key);
double seconds(void);
int descriptors(void);			/* how many are open */
long count(int call);			/* how often a call reached the broker */

/* A C_Sign that stays at the broker, on a thread of its own. */
struct flight { pthread_t thread; CK_SESSION_HANDLE h; CK_RV rv; };
void launch(struct flight *f);

/* A C_WaitForSlotEvent on a thread of its own. */
struct waiting { pthread_t thread; CK_SLOT_ID slot; CK_RV rv; };
void wait_in_thread(struct waiting *w);
#endif
