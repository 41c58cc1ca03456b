/* What p11client's commands share: the module, the session that they are for, and the object found last. */
#ifndef BSRE_STORIES_CLIENT_H
#define BSRE_STORIES_CLIENT_H
#include "lib/cryptoki.h"

enum { WORDS = 5, MESSAGE_MOST = 4096, BESIDE = 128 };

#define COUNT(table) (sizeof (table) / sizeof *(table))

extern CK_FUNCTION_LIST_PTR p11;
extern CK_SESSION_HANDLE session;	/* opened last, or chosen by `use` */
extern CK_OBJECT_HANDLE found;		/* which the label "-" stands for */
extern char beside[BESIDE];		/* what a command has to say beside its result */

/* name: a label; "id:02": one byte of CKA_ID, since modules differ in their labels; "": any. */
CK_RV find(const char *class_name, const char *name, CK_OBJECT_HANDLE *object);

/* Commands: each gets its words. */
CK_RV do_create(char *w[WORDS]);
CK_RV do_copy(char *w[WORDS]);
CK_RV do_set(char *w[WORDS]);
CK_RV do_destroy(char *w[WORDS]);
CK_RV do_get(char *w[WORDS]);
CK_RV do_search(char *w[WORDS]);
CK_RV do_generate(char *w[WORDS]);
CK_RV do_derive(char *w[WORDS]);
#endif
