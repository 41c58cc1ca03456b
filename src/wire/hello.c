/* Getting on the broker's socket. */
#include "config.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include "frame.h"
#include "hello.h"

enum { TEXT_MAX = 255 };		/* longer settings are not told: no terminal has such a name */

void hello_path(const char *path, char room[HELLO_PATH_MAX])
{
	const char *dir;
	int n;

	if (!path)
		path = secure_getenv("BSRE_TOKEND_SOCKET");
	if (path && *path)
		n = snprintf(room, HELLO_PATH_MAX, "%s", path);
	else if ((dir = secure_getenv("XDG_RUNTIME_DIR")) && *dir)
		n = snprintf(room, HELLO_PATH_MAX, "%s/bsre-token/socket", dir);
	else
		n = snprintf(room, HELLO_PATH_MAX, "/run/user/%u/bsre-token/socket",
			     (unsigned)geteuid());
	if (n < 0 || n >= HELLO_PATH_MAX)
		room[0] = '\0';
}

/* Nothing is said, and nothing believed, before this: a PIN must not go to somebody else. */
static bool same_user(int fd)
{
	struct ucred who;
	socklen_t n = sizeof who;

	return getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &n) == 0 && who.uid == geteuid();
}

err hello_connect(const char *path, int *fd)
{
	struct sockaddr_un at = { .sun_family = AF_UNIX };

	if (!*path)
		return FAIL(NO_DAEMON);
	snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
	*fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (*fd < 0)
		return FAIL(NO_DAEMON);
	if (connect(*fd, (const struct sockaddr *)&at, sizeof at) == 0 && same_user(*fd))
		return OK;
	bool full = errno == EAGAIN;
	close(*fd);
	return full ? FAIL(TOKEN_BUSY) : FAIL(NO_DAEMON);
}

static struct span text(const char *s)
{
	struct span v = span_str(s);

	return v.n > TEXT_MAX ? SPAN_NONE : v;
}

/* The first of some variables that is set, as setlocale looks for them; and behind a colon the languages that
 * gettext prefers to it, which it asks in no C locale. */
static struct span locale_of(struct hello_store *store)
{
	static const char *const names[] = { "LC_ALL", "LC_MESSAGES", "LANG" };
	const char *locale = NULL, *languages = getenv("LANGUAGE");

	for (size_t i = 0; i < sizeof names / sizeof names[0] && !(locale && *locale); i++)
		locale = getenv(names[i]);
	if (!locale || !*locale)
		return SPAN_NONE;
	bool none = !languages || !*languages || strcmp(locale, "C") == 0 || strcmp(locale, "POSIX") == 0;
	int n = snprintf(store->locale, sizeof store->locale, "%s%s%s", locale, none ? "" : ":",
			 none ? "" : languages);
	return n > 0 && n <= TEXT_MAX ? span_str(store->locale) : text(locale);
}

void hello_fill(struct Hello_in *in, struct hello_store *store)
{
	store->tty[0] = '\0';
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (ttyname_r(fd, store->tty, sizeof store->tty) == 0)
			break;
		else
			store->tty[0] = '\0';
	*in = (struct Hello_in){
		.call_id = Hello_ID,
		.version = WIRE_VERSION,
		.word = sizeof(CK_ULONG),
		.tty = text(store->tty),
		.term = text(getenv("TERM")),
		.locale = locale_of(store),
		.display = text(getenv("DISPLAY")),
		.wayland = text(getenv("WAYLAND_DISPLAY")),
	};
}
