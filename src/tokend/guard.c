/* logind's signals over sd-bus, and the idle limit. */
#include "config.h"
#include <fcntl.h>
#include <stdlib.h>
#include <systemd/sd-bus.h>
#include <systemd/sd-login.h>
#include <unistd.h>
#include "broker.h"
#include "guard.h"
#include "lib/log.h"
#include "peer.h"
#include "session.h"
#include "token.h"

static sd_bus *bus;
static sd_event_source *idle;

static void forget_all(const char *why)
{
	unsigned n = 0;

	for (struct token *t = broker.tokens; t; t = t->next) {
		n += logins_count(t);
		logins_end_token(t);
	}
	if (n)
		log_line(LOG_NOTICE, "%u logins ended: %s", n, why);
}

/* --- logind -------------------------------------------------------------------------------------- */
#define LOGIN1 "org.freedesktop.login1"

/* While we hold this descriptor logind waits, a few seconds, before the computer sleeps: PINs are gone
 * from memory before it is written anywhere. */
static int delay = -1;

static int delay_given(sd_bus_message *m, void *data, sd_bus_error *error)
{
	int fd = -1;

	(void)data, (void)error;
	if (sd_bus_message_is_method_error(m, NULL) || sd_bus_message_read(m, "h", &fd) < 0 || fd < 0) {
		log_line(LOG_INFO, "logind does not wait for us: a suspended computer may keep PINs in memory");
		return 0;
	}
	if (delay < 0)
		delay = fcntl(fd, F_DUPFD_CLOEXEC, 0);	/* the message's own goes with it */
	return 0;
}

static void ask_for_delay(void)
{
	if (delay < 0 && sd_bus_call_method_async(bus, NULL, LOGIN1, "/org/freedesktop/login1", LOGIN1 ".Manager",
	                                          "Inhibit", delay_given, NULL, "ssss", "sleep", "bsre-tokend",
	                                          "PINs are forgotten first", "delay") < 0)
		log_line(LOG_WARNING, "logind cannot be asked to wait");
}

static void let_sleep(void)
{
	if (delay >= 0)
		close(delay);
	delay = -1;
}

static int on_sleep(sd_bus_message *m, void *data, sd_bus_error *error)
{
	int begins = 0;

	(void)data, (void)error;
	if (sd_bus_message_read(m, "b", &begins) < 0)
		return 0;
	if (begins) {
		forget_all("the computer is suspended");
		let_sleep();
	} else {
		ask_for_delay();
	}
	return 0;
}

/* Another user's screen is not our affair; a session that logind does not know might be ours. */
static bool is_ours(const char *path)
{
	char *id = NULL;
	uid_t uid = geteuid();

	if (path && sd_bus_path_decode(path, "/org/freedesktop/login1/session", &id) > 0 && id &&
	    sd_session_get_uid(id, &uid) < 0)
		uid = geteuid();
	free(id);
	return uid == geteuid();
}

static int on_lock(sd_bus_message *m, void *data, sd_bus_error *error)
{
	(void)data, (void)error;
	if (is_ours(sd_bus_message_get_path(m)))
		forget_all("the screen is locked");
	return 0;
}

/* LockedHint of a session: how a desktop says that its own lock is shown. */
static int on_hint(sd_bus_message *m, void *data, sd_bus_error *error)
{
	const char *name;
	int locked = 0;

	(void)data, (void)error;
	if (sd_bus_message_skip(m, "s") < 0 || sd_bus_message_enter_container(m, 'a', "{sv}") < 0)
		return 0;
	while (sd_bus_message_enter_container(m, 'e', "sv") > 0) {
		if (sd_bus_message_read(m, "s", &name) < 0)
			return 0;
		int rc = strcmp(name, "LockedHint") == 0 ? sd_bus_message_read(m, "v", "b", &locked)
		                                         : sd_bus_message_skip(m, "v");
		if (rc < 0 || sd_bus_message_exit_container(m) < 0)
			return 0;
	}
	if (locked && is_ours(sd_bus_message_get_path(m)))
		forget_all("the screen is locked");
	return 0;
}

/* the sender is named: the bus carries anybody's signals */
#define LOGIND "type='signal',sender='" LOGIN1 "'"
static const struct { const char *match; sd_bus_message_handler_t handler; } signals[] = {
	{ LOGIND ",interface='org.freedesktop.login1.Manager',member='PrepareForSleep'", on_sleep },
	{ LOGIND ",interface='org.freedesktop.login1.Session',member='Lock'", on_lock },
	{ LOGIND ",interface='org.freedesktop.DBus.Properties',member='PropertiesChanged',"
	  "path_namespace='/org/freedesktop/login1/session',arg0='org.freedesktop.login1.Session'", on_hint },
};

static void listen_to_logind(void)
{
	if (sd_bus_open_system(&bus) < 0) {
		log_line(LOG_INFO, "no system bus: screen lock and suspend are not seen");
		return;
	}
	for (size_t i = 0; i < sizeof signals / sizeof signals[0]; i++)
		if (sd_bus_add_match(bus, NULL, signals[i].match, signals[i].handler, NULL) < 0)
			log_line(LOG_WARNING, "logind cannot be listened to");
	if (sd_bus_attach_event(bus, broker.event, SD_EVENT_PRIORITY_NORMAL) < 0)
		log_line(LOG_WARNING, "the system bus cannot be attached");
	ask_for_delay();
}

/* --- idleness ------------------------------------------------------------------------------------ */
/* Ends the logins that were idle too long; gives the milliseconds until the next one is, 0: none. */
static uint64_t end_idle(uint64_t limit)
{
	uint64_t next = 0, now = broker_now();

	for (struct peer *p = broker.peers; p; p = p->next)
		for (struct login *l = p->logins, *after; l; l = after) {
			after = l->next;
			uint64_t age = now - l->used;
			if (age < limit) {
				next = next && next < limit - age ? next : limit - age;
				continue;
			}
			log_line(LOG_NOTICE, "login of pid=%d ended: not used for long", (int)p->pid);
			contexts_end(p, l->token);
			login_end(p, l->token);
		}
	return next;
}

static int idle_over(sd_event_source *s, uint64_t usec, void *data)
{
	(void)s, (void)usec, (void)data;
	broker_cancel(&idle);
	uint64_t next = end_idle((uint64_t)broker.conf.idle_limit * 1000);
	if (next)
		broker_after(&idle, next, idle_over, NULL);
	return 0;
}

void guard_touch(void)
{
	if (broker.conf.idle_limit && !idle)
		broker_after(&idle, (uint64_t)broker.conf.idle_limit * 1000, idle_over, NULL);
}

void guard_start(void)
{
	listen_to_logind();
}
