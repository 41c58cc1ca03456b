/* One pass over the table that schema.h is making: CALL, IN, OUT and END say what of. JOB, EVENT and
 * RECORD are CALL under the names that read well in their tables. */
#define JOB CALL
#define EVENT CALL
#define RECORD CALL
#include SCHEMA
#undef JOB
#undef EVENT
#undef RECORD
#undef CALL
#undef IN
#undef OUT
