/* Lines for the journal. */
#include "config.h"
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>
#include "log.h"

static enum log_level most_level = LOG_NOTICE;
static const char *part = "bsre-token";

void log_level(enum log_level most) { most_level = most; }
void log_name(const char *name)     { part = name; }
bool log_tracing(void)              { return most_level >= LOG_TRACE; }

void log_line(enum log_level level, const char *format, ...)
{
	char line[1024];
	va_list args;

	if (level > most_level)
		return;
	/* "<5>" is how the journal reads a level (sd-daemon(3)) */
	int head = snprintf(line, sizeof line, "<%d>%s: ", level, part);
	va_start(args, format);
	int n = vsnprintf(line + head, sizeof line - (size_t)head - 1, format, args);
	va_end(args);
	size_t end = (size_t)head + (n < 0 ? 0 : (size_t)n);
	if (end > sizeof line - 2)
		end = sizeof line - 2;
	for (size_t i = 0; i < end; i++)
		if ((unsigned char)line[i] < ' ' || line[i] == 0x7F)
			line[i] = '?';
	line[end] = '\n';
	if (write(STDERR_FILENO, line, end + 1) < 0)
		return;			/* nobody to tell */
}

const char *log_err(err e)
{
	static char place[2][48];
	static unsigned turn;
	char *out = place[turn++ % 2];

	if (e.sw)
		snprintf(out, sizeof place[0], "%s/%04X", err_name(e), e.sw);
	else
		snprintf(out, sizeof place[0], "%s", err_name(e));
	return out;
}
