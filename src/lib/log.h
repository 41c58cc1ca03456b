/* One line per event on standard error (the journal reads it there): a level, an event name and
 * name=value fields. No function here takes a secret. */
#ifndef BSRE_LOG_H
#define BSRE_LOG_H
#include "err.h"
#include "span.h"

enum log_level { LOG_ERROR = 3, LOG_WARNING = 4, LOG_NOTICE = 5, LOG_INFO = 6, LOG_TRACE = 7 };

/* Lines above this level are dropped; LOG_NOTICE at the start. */
void log_level(enum log_level most);

/* Stands before each line: the process's part ("broker", "worker"). Static storage. */
void log_name(const char *name);

/* One line. Control characters in what the format makes are replaced by '?'. */
void log_line(enum log_level level, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* True where LOG_TRACE lines are written: whether to prepare one at all. */
bool log_tracing(void);

/* e as "PIN_WRONG/63C2", in static storage of two alternating places. */
const char *log_err(err e);
#endif
