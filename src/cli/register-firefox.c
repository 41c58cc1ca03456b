/* Firefox: a user's profiles, where it kept them and where newer ones make them; the system's policies. */
#include "config.h"
#include "register.h"

err program_firefox(struct survey *s)
{
	static const struct mozilla firefox = {
		.commands = "firefox|firefox-esr",
		.profiles = { "~/.mozilla/firefox", "%/mozilla/firefox" },
		.policies = "/etc/firefox/policies",
		.installed = { "/usr/lib/firefox-esr", "/usr/lib/firefox", "/usr/lib64/firefox", "/opt/firefox",
			       "/usr/lib/firefox-devedition", "/usr/lib/firefox-beta", "/usr/lib/firefox-nightly" },
	};

	return mozilla_find(s, &firefox);
}
