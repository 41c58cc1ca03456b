/* The one broker, its numbers and its clock. */
#include "config.h"
#include <stdlib.h>
#include <time.h>
#include "broker.h"
#include "peer.h"

struct broker broker;

uint32_t broker_next_id(void)
{
	return ++broker.last_id;
}

void broker_changed(void)
{
	broker.generation++;
	peers_wake();
}

uint64_t broker_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

void broker_after(sd_event_source **source, uint64_t ms, sd_event_time_handler_t fn, void *data)
{
	broker_cancel(source);
	if (sd_event_add_time_relative(broker.event, source, CLOCK_MONOTONIC, ms * 1000, 1000, fn, data) < 0)
		abort();		/* no memory for a timer: nothing can be promised any more */
}

void broker_cancel(sd_event_source **source)
{
	*source = sd_event_source_disable_unref(*source);
}
