/* Which program is let in how: its login mode and the keys that it sees. */
#ifndef BSRE_TOKEND_APPS_H
#define BSRE_TOKEND_APPS_H
#include "lib/err.h"
#include "lib/span.h"

/* app-pin: the program asks for the PIN itself. pap: CKF_PROTECTED_AUTHENTICATION_PATH, our dialog asks, a
 * PIN that is given all the same is used. on-use: no login is required, our dialog asks when a key is used. */
enum mode { MODE_APP_PIN, MODE_PAP, MODE_ON_USE, MODES };

/* login: keys whose PIN is asked once a login. sign: keys that ask for it every time. */
enum keys { KEYS_ALL, KEYS_LOGIN, KEYS_SIGN, KEYS };

enum { APP_PATTERN_MAX = 160, APP_RULES_MAX = 64 };
struct app { char pattern[APP_PATTERN_MAX]; enum mode mode; enum keys keys; };
struct apps { unsigned n; struct app rule[APP_RULES_MAX]; };

/* "PATTERN MODE [KEYS]", added to the rules. ARGUMENTS: it is none, or there are too many; *what says why. */
err apps_add(struct apps *a, const char *text, const char **what) MUST_USE;

/* The rule for a program: those of the file first, then the table's, then app-pin. executable: "" where it
 * is not known. sandbox: "flatpak:ID", "snap:NAME" or "". A sandboxed program is known by its sandbox before its
 * executable, of which then only patterns that do not begin at the root count. For our own utility only rules count
 * that name it. */
struct app apps_find(const struct apps *a, const char *executable, const char *sandbox);

/* The sandbox that a process is in, as its own file system (Flatpak) or its AppArmor label (Snap, from
 * SO_PEERSEC of fd) tells; "" where it is in none. It is what programs of the same user can forge: it
 * chooses the manner of asking, it guards nothing. */
void apps_sandbox(int pid, int fd, char *out, size_t size);

const char *mode_name(enum mode m);
#endif
