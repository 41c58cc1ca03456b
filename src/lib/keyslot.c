/* The order of PIV's slots, and a hash for every other id. */
#include "config.h"
#include "keyslot.h"

enum { RETIRED_FIRST = 0x82, RETIRED_LAST = 0x95, RETIRED_ID = 5, OTHERS = 0x10000 };

static const uint8_t first[] = { 0x9A, 0x9C, 0x9D, 0x9E };

uint8_t keyslot_id(uint32_t slot)
{
	for (uint8_t i = 0; i < sizeof first; i++)
		if (first[i] == slot)
			return (uint8_t)(i + 1);
	return slot >= RETIRED_FIRST && slot <= RETIRED_LAST ? (uint8_t)(slot - RETIRED_FIRST + RETIRED_ID) : 0;
}

uint32_t keyslot_of(struct span id)
{
	uint32_t hash = 2166136261u;		/* FNV-1a */

	if (id.n == 1 && id.p[0] >= 1 && id.p[0] <= sizeof first)
		return first[id.p[0] - 1];
	if (id.n == 1 && id.p[0] >= RETIRED_ID && id.p[0] <= RETIRED_LAST - RETIRED_FIRST + RETIRED_ID)
		return RETIRED_FIRST + id.p[0] - RETIRED_ID;
	for (size_t i = 0; i < id.n; i++)
		hash = (hash ^ id.p[i]) * 16777619u;
	return OTHERS + (hash ^ hash >> 16) % OTHERS;
}
