/* Thunderbird: a user's profiles; the system's policies. */
#include "config.h"
#include "register.h"

err program_thunderbird(struct survey *s)
{
	static const struct mozilla thunderbird = {
		.commands = "thunderbird",
		.profiles = { "~/.thunderbird", "%/thunderbird" },
		.policies = "/etc/thunderbird/policies",
		.installed = { "/usr/lib/thunderbird", "/usr/lib64/thunderbird", "/opt/thunderbird" },
	};

	return mozilla_find(s, &thunderbird);
}
