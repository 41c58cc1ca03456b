/* The prompt process: one question of the broker, one dialog of pinentry, one answer. */
#include "config.h"
#include <assuan.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>
#include "children.h"
#include "language.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "prompt.h"
#include "wire/frame.h"

enum { NAME_ROOM = 256, LINE_ROOM = ASSUAN_LINELENGTH, GRACE_MS = 300, STEP_MS = 10, QUESTION_S = 10 };

/* libgpg-error's codes for a person who says no, or nothing at all */
enum { CODE_TIMEOUT = 62, CODE_CANCELED = 99, CODE_NOT_CONFIRMED = 114, CODE_FULLY_CANCELED = 198, CODE_MASK = 0xFFFF };

struct dialog {
	int              broker, tty;
	assuan_context_t pinentry;
	struct timespec  end;
	err              over;		/* CANCELED: it is read no more */
	struct termios   before;
	bool             has_before;
};

/* --- waiting ------------------------------------------------------------------------------------- */
static int left_ms(const struct dialog *d)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	long long ms = (d->end.tv_sec - now.tv_sec) * 1000LL + (d->end.tv_nsec - now.tv_nsec) / 1000000;
	return ms < 0 ? 0 : (int)ms;
}

/* Until pinentry says something. CANCELED: the time is over, or nobody waits for the answer any more. */
static err await(const struct dialog *d, int pinentry)
{
	for (;;) {
		struct pollfd p[] = { { d->broker, POLLIN, 0 }, { pinentry, POLLIN, 0 } };
		int left = left_ms(d), n = poll(p, 2, left);
		if (n < 0 && errno == EINTR)
			continue;
		return n <= 0 || left == 0 || p[0].revents ? FAIL(CANCELED) : OK;
	}
}

/* Everything that libassuan reads comes through here, the greeting too: whatever pinentry says or does not say, the
 * broker's socket and the time are watched meanwhile. A byte at a time: what stands behind the end of a line libassuan
 * would put aside where nobody wipes it, and that may be the PIN. */
static ssize_t watched_read(assuan_context_t pinentry, assuan_fd_t fd, void *room, size_t size)
{
	struct dialog *d = assuan_get_pointer(pinentry);

	if (ok(d->over))
		d->over = await(d, fd);
	if (ok(d->over))
		return read(fd, room, size ? 1 : 0);
	errno = ECANCELED;
	return -1;
}

static bool ends_soon(pid_t pid)
{
	for (int ms = 0; ms < GRACE_MS; ms += STEP_MS) {
		if (waitpid(pid, NULL, WNOHANG) != 0)
			return true;
		usleep(STEP_MS * 1000);
	}
	return waitpid(pid, NULL, WNOHANG) != 0;
}

/* What libassuan does with a pinentry that it is done with: it may sit in its dialog and not hear that we are
 * gone. */
static pid_t put_out(assuan_context_t pinentry, pid_t pid, int action, int *status, int options)
{
	(void)pinentry, (void)status, (void)options;
	if (action || pid <= 0)
		return 0;
	kill(pid, SIGINT);
	if (!ends_soon(pid)) {
		kill(pid, SIGKILL);
		if (!ends_soon(pid))
			log_line(LOG_WARNING, "pinentry pid=%d does not end", (int)pid);
	}
	return pid;
}

static struct assuan_system_hooks hooks = {
	.version = ASSUAN_SYSTEM_HOOKS_VERSION, .usleep = __assuan_usleep, .pipe = __assuan_pipe,
	.close = __assuan_close, .read = watched_read, .write = __assuan_write, .recvmsg = __assuan_recvmsg,
	.sendmsg = __assuan_sendmsg, .spawn = __assuan_spawn, .waitpid = put_out,
	.socketpair = __assuan_socketpair, .socket = __assuan_socket, .connect = __assuan_connect,
};

/* --- what pinentry says -------------------------------------------------------------------------- */
static int digit(char c)
{
	return c >= '0' && c <= '9' ? c - '0' : c >= 'A' && c <= 'F' ? c - 'A' + 10 :
	       c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* The data of a D line, added to pin. PIN_LENGTH: more than any token's. */
static err data_line(struct secret *pin, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		int c = (unsigned char)s[i];
		if (c == '%' && i + 2 < n && digit(s[i + 1]) >= 0 && digit(s[i + 2]) >= 0) {
			c = digit(s[i + 1]) * 16 + digit(s[i + 2]);
			i += 2;
		}
		if (pin->n == SECRET_MAX)
			return FAIL(PIN_LENGTH);
		pin->b[pin->n++] = (uint8_t)c;
	}
	return OK;
}

/* CANCELED; NOT_SUPPORTED: it does not know the command, or cannot do it. */
static err refusal(const char *line)
{
	switch (strtoul(line, NULL, 10) & CODE_MASK) {
	case CODE_TIMEOUT: case CODE_CANCELED: case CODE_NOT_CONFIRMED: case CODE_FULLY_CANCELED:
		return FAIL(CANCELED);
	default:
		log_line(LOG_INFO, "pinentry: %.80s", line);
		return FAIL(NOT_SUPPORTED);
	}
}

/* One line of the answer. *over: it was the last. */
static err heard(char *line, size_t n, struct secret *pin, bool *over)
{
	err e = OK;

	if (n >= 2 && line[0] == 'D' && line[1] == ' ') {
		e = pin ? data_line(pin, line + 2, n - 2) : OK;
		wipe(line, n);
		return e;
	}
	*over = strncmp(line, "OK", 2) == 0 || strncmp(line, "ERR ", 4) == 0;
	return *over && line[0] == 'E' ? refusal(line + 4) : OK;
}

/* Pinentry cannot be talked to: it is broken, or the dialog is over. */
static err lost(const struct dialog *d)
{
	return ok(d->over) ? FAIL(NO_PROMPT) : d->over;
}

/* A command and its answer; data go to pin, NULL: none are wanted. */
static err command(struct dialog *d, const char *line, struct secret *pin)
{
	bool over = false;
	err e = OK;

	if (assuan_write_line(d->pinentry, line))
		return lost(d);
	while (!over) {
		char *answer;
		size_t n;
		if (assuan_read_line(d->pinentry, &answer, &n))
			return lost(d);
		err heard_now = heard(answer, n, pin, &over);
		if (ok(e))
			e = heard_now;
	}
	return e;
}

/* WORD TEXT, the text as Assuan wants it: no line ends, no percent. Cut where there is no room. */
static err set(struct dialog *d, const char *word, const char *text)
{
	static const char hex[] = "0123456789ABCDEF";
	char line[LINE_ROOM];
	struct buf b = { (uint8_t *)line, 0, sizeof line - 3, false };

	buf_str(&b, word);
	for (; *text && buf_room(&b) > 3; text++)
		if ((unsigned char)*text < ' ' || *text == '%') {
			buf_be(&b, '%', 1);
			buf_be(&b, (uint8_t)hex[(unsigned char)*text >> 4], 1);
			buf_be(&b, (uint8_t)hex[*text & 15], 1);
		} else {
			buf_be(&b, (uint8_t)*text, 1);
		}
	line[b.n] = '\0';
	return command(d, line, NULL);
}

/* What a pinentry may not know is no reason to give up. */
static err tolerate(err e)
{
	return e.code == E_NOT_SUPPORTED ? OK : e;
}

static err option(struct dialog *d, const char *name, const char *value)
{
	char text[NAME_ROOM + 32];

	if (!*value)
		return OK;
	snprintf(text, sizeof text, "%s=%s", name, value);
	return tolerate(set(d, "OPTION ", text));
}

/* --- the dialog ---------------------------------------------------------------------------------- */
static const char *name(char room[NAME_ROOM], struct span s)
{
	struct buf b = { (uint8_t *)room, 0, NAME_ROOM - 1, false };

	if (text_is_plain(s))
		buf_put(&b, span_first(s, NAME_ROOM - 1));
	room[b.n] = '\0';
	return room;
}

/* A terminal of this user, not whatever a program may name. */
static int terminal(const char *path)
{
	struct stat st;

	if (path[0] != '/')
		return -1;
	int fd = open(path, O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC);
	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISCHR(st.st_mode) || !isatty(fd) ||
	                (geteuid() != 0 && st.st_uid != geteuid()))) {
		close(fd);
		fd = -1;
	}
	return fd;
}

/* Of its language what pinentry is told by options; gettext's list it has in its environment. */
static const char *locale(char room[NAME_ROOM], struct span s)
{
	name(room, s);
	room[strcspn(room, ":")] = '\0';
	return room;
}

static void put_env(const char *variable, const char *value)
{
	if (*value)
		setenv(variable, value, 1);
	else
		unsetenv(variable);
}

/* The programs that may show it, best first. */
static const char *const graphical[] = { "/usr/bin/pinentry", NULL };
static const char *const textual[] = { "/usr/bin/pinentry-curses", "/usr/bin/pinentry-tty", "/usr/bin/pinentry", NULL };

static err start(struct dialog *d, const char *path)
{
	const char *argv[] = { path, NULL };
	gpg_error_t rc = assuan_new(&d->pinentry);

	if (rc)
		return FAIL(NO_PROMPT);
	assuan_set_pointer(d->pinentry, d);
	assuan_ctx_set_system_hooks(d->pinentry, &hooks);
	rc = assuan_pipe_connect(d->pinentry, path, argv, NULL, NULL, NULL, 0);
	if (rc && ok(d->over))
		log_line(LOG_WARNING, "pinentry %s cannot be started: %s", path, gpg_strerror(rc));
	return rc ? lost(d) : OK;
}

static err start_any(struct dialog *d, const struct PromptAsk_in *ask, bool desktop)
{
	char path[NAME_ROOM];

	if (ask->pinentry.n)
		return start(d, name(path, ask->pinentry));
	for (const char *const *p = desktop ? graphical : textual; *p; p++)
		if (access(*p, X_OK) == 0)
			return start(d, *p);
	log_line(LOG_WARNING, "no pinentry is installed");
	return FAIL(NO_PROMPT);
}

static err describe(struct dialog *d, const struct PromptAsk_in *ask)
{
	char tty[NAME_ROOM], term[NAME_ROOM], language[NAME_ROOM], seconds[16];

	TRY(option(d, "ttyname", d->tty >= 0 ? name(tty, ask->tty) : ""));
	TRY(option(d, "ttytype", name(term, ask->term)));
	TRY(option(d, "lc-ctype", locale(language, ask->locale)));
	TRY(option(d, "lc-messages", language));
	snprintf(seconds, sizeof seconds, "%u", ask->seconds);
	TRY(tolerate(set(d, "SETTIMEOUT ", seconds)));
	TRY(set(d, "SETTITLE ", prompt_title()));
	TRY(set(d, "SETOK ", prompt_ok()));
	return set(d, "SETCANCEL ", prompt_cancel());
}

static err question(struct dialog *d, const char *text, const char *field, const char *error, struct secret *pin)
{
	TRY(set(d, "SETDESC ", text));
	TRY(set(d, "SETPROMPT ", field));
	if (*error)
		TRY(set(d, "SETERROR ", error));
	return command(d, "GETPIN", pin);
}

/* Something to read, with one button. */
static err message(struct dialog *d, const char *text)
{
	TRY(set(d, "SETDESC ", text));
	err e = command(d, "MESSAGE", NULL);
	return e.code == E_NOT_SUPPORTED ? tolerate(command(d, "CONFIRM --one-button", NULL)) : e;
}

/* The last try: only who types the word gets to the PIN. */
static err want_word(struct dialog *d, const struct PromptAsk_in *ask)
{
	char text[PROMPT_TEXT_MAX];
	SECRET typed = { 0 };
	SECRET word = { 0 };

	prompt_last(ask, text, sizeof text);
	TRY(question(d, text, prompt_word_field(), "", &typed));
	if (secret_set(&word, span_str(prompt_word())) && secret_eq(&typed, &word))
		return OK;
	prompt_not_the_word(text, sizeof text);
	TRY(message(d, text));
	return FAIL(CANCELED);
}

static err talk(struct dialog *d, const struct PromptAsk_in *ask, bool desktop, struct secret *pin)
{
	char text[PROMPT_TEXT_MAX];

	TRY(start_any(d, ask, desktop));
	TRY(describe(d, ask));
	if (ask->last)
		TRY(want_word(d, ask));
	prompt_text(ask, text, sizeof text);
	return question(d, text, prompt_field(), prompt_error(ask), pin);
}

/* The terminal is given back as it was. */
static void dismiss(struct dialog *d)
{
	if (d->pinentry)
		assuan_release(d->pinentry);
	d->pinentry = NULL;
	if (d->has_before)
		tcsetattr(d->tty, TCSANOW, &d->before);
}

/* On the desktop, where the program has one. What could not be shown there, since nobody answers at that display
 * any more or its pinentry is broken, is asked on the program's terminal, unless bsre-tokend.conf names the one
 * pinentry. */
static err show(struct dialog *d, const struct PromptAsk_in *ask, struct secret *pin)
{
	bool desktop = ask->display.n || ask->wayland.n;
	err e = talk(d, ask, desktop, pin);

	if ((e.code != E_NO_PROMPT && e.code != E_NOT_SUPPORTED) || !desktop || ask->pinentry.n || d->tty < 0)
		return e;
	log_line(LOG_INFO, "no dialog on the desktop: the terminal is asked");
	dismiss(d);
	secret_wipe(pin);
	put_env("DISPLAY", "");
	put_env("WAYLAND_DISPLAY", "");
	return talk(d, ask, false, pin);
}

static err run(int broker, const struct PromptAsk_in *ask, struct secret *pin)
{
	char room[NAME_ROOM];
	struct dialog d = { .broker = broker, .tty = terminal(name(room, ask->tty)) };

	clock_gettime(CLOCK_MONOTONIC, &d.end);
	d.end.tv_sec += ask->seconds;
	d.has_before = d.tty >= 0 && tcgetattr(d.tty, &d.before) == 0;
	put_env("DISPLAY", name(room, ask->display));
	put_env("WAYLAND_DISPLAY", name(room, ask->wayland));
	if (ask->term.n)
		put_env("TERM", name(room, ask->term));
	name(room, ask->locale);
	language_take(room);
	language_start();
	err e = show(&d, ask, pin);
	if (e.code == E_NOT_SUPPORTED)
		e = FAIL(NO_PROMPT);
	dismiss(&d);
	if (d.tty >= 0)
		close(d.tty);
	return e;
}

/* --- the process --------------------------------------------------------------------------------- */
/* A whole frame from the broker, and only from a process of this user. */
static bool receive(int fd, uint8_t *room, struct frame *f)
{
	struct ucred who;
	socklen_t size = sizeof who;
	struct timeval patience = { .tv_sec = QUESTION_S };
	size_t n = 0;

	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &who, &size) < 0 || who.uid != geteuid())
		return false;
	for (;;) {
		size_t want = frame_size((struct span){ room, n });
		if (want > FRAME_MAX)
			return false;
		if (want && want <= n)
			return ok(frame_open((struct span){ room, want }, f)) && f->what == PromptAsk_ID;
		ssize_t got = recv(fd, room + n, FRAME_MAX - n, 0);
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		n += (size_t)got;
	}
}

static void answer(int fd, err e, struct secret *pin)
{
	uint8_t room[FRAME_HEAD + SECRET_MAX + 1];
	struct buf b = BUF(room);
	struct PromptAsk_out out = { .pin = *pin };

	frame_begin(&b, 1, e.code, 0);
	if (ok(e))
		PromptAsk_put_out(&b, &out);
	frame_end(&b, 0);
	if (send(fd, b.p, b.n, MSG_NOSIGNAL) != (ssize_t)b.n)
		log_line(LOG_WARNING, "nobody takes the answer");
	secret_wipe(&out.pin);
	wipe(room, sizeof room);
}

int prompt_main(int fd)
{
	static uint8_t room[FRAME_MAX];
	struct PromptAsk_in ask;
	SECRET pin = { 0 };
	struct frame f;

	log_name("prompt");
	if (!receive(fd, room, &f))
		return WORKER_EXIT_FRAME;
	struct cur c = cur_of(f.body);
	PromptAsk_get_in(&c, &ask);
	if (!cur_done(&c))
		return WORKER_EXIT_FRAME;
	assuan_set_gpg_err_source(GPG_ERR_SOURCE_USER_1);
	answer(fd, run(fd, &ask, &pin), &pin);
	return EXIT_SUCCESS;
}
