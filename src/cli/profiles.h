/* Mozilla's profiles: which there are, and whether a program has one open. */
#ifndef BSRE_CLI_PROFILES_H
#define BSRE_CLI_PROFILES_H
#include "cli.h"

/* Appends to `all` an object for each profile that the profiles.ini in this folder names: name, folder
 * (a path), preferred (LibreOffice would take it). Nothing where there is no such file. FILE, said: it
 * cannot be read. */
err profiles_read(const char *folder, json_t *all) MUST_USE;

/* True where a program has the profile open, or writes to its databases: *why says so, translated. */
bool profile_busy(const char *folder, const char **why);
#endif
