/* Sessions and the objects in them, as Cryptoki's general rules have it. */
#include "config.h"
#include "peer.h"
#include "session.h"
#include "token.h"

err serve_SessionOpen(struct request *rq, struct SessionOpen_in *in, struct SessionOpen_out *out)
{
	struct token *t = token_find(in->token);

	if (!t || !t->known)
		return FAIL(NO_TOKEN);
	return session_open(rq->peer, t, in->flags, &out->session);
}

err serve_SessionClose(struct request *rq, struct SessionClose_in *in, struct SessionClose_out *out)
{
	struct session *s;

	(void)out;
	TRY(session_want(rq, in->session, &s));
	session_close(s);
	return OK;
}

err serve_SessionCloseAll(struct request *rq, struct SessionCloseAll_in *in, struct SessionCloseAll_out *out)
{
	struct token *t = token_find(in->token);

	(void)out;
	if (t)
		sessions_end_slot(rq->peer, t);
	return OK;
}

err serve_SessionInfo(struct request *rq, struct SessionInfo_in *in, struct SessionInfo_out *out)
{
	struct session *s;

	TRY(session_want(rq, in->session, &s));
	out->state = session_state(s);
	out->flags = s->flags;
	return OK;
}
