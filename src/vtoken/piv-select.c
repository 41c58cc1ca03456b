/* SELECT (SP 800-73-4, part 2, 3.1.1), and what little the application says about itself. */
#include "config.h"
#include "piv.h"

static const uint8_t piv_aid[] = { 0xA0, 0, 0, 0x03, 0x08, 0, 0, 0x10, 0, 0x01, 0 };
/* Another application, that can be selected and does nothing: its AID is of the kind that
 * nobody registers (ISO 7816-5, F...). */
static const uint8_t dummy_aid[] = { 0xF0, 'B', 'S', 'R', 'E', 'D', 'U', 'M', 'M', 'Y' };
/* Yubico's management application, by which their tools learn what a token can do. */
static const uint8_t management_aid[] = { 0xA0, 0, 0, 0x05, 0x27, 0x47, 0x11, 0x17 };
enum { RID = 5, LABEL = 0x50, URL = 0x5F50 };

/* Is v the front of the AID, at least its registered identifier? */
static bool names(struct span v, struct span aid)
{
	return v.n >= RID && v.n <= aid.n && span_eq(v, span_first(aid, v.n));
}

/* The application property template (table 3). Yubico's is the shortest that there can be. */
static void put_template(const struct card *c, struct buf *out)
{
	TLV(out, 0x61) {
		tlv_put(out, 0x4F, SPAN(0, 0, 0x10, 0, 0x01, 0));
		TLV(out, 0x79)
			tlv_put(out, 0x4F, span_first(SPAN_OF(piv_aid), RID));
		if (c->model == MODEL_PLAIN) {
			tlv_put(out, LABEL, span_str("bsre-vtoken"));
			tlv_put(out, URL, span_str("http://csrc.nist.gov/npivp"));
		}
	}
}

/* Part 2, 2.3: another application takes the status with it; the same one keeps it. On Yubico's
 * tokens it is lost with every SELECT, which their tools use to read the tries left. */
static enum sw choose(struct card *c, enum applet applet)
{
	if (applet != c->session.applet || c->model == MODEL_YUBICO) {
		secret_wipe(&c->session.expect);
		c->session = (struct session){ .applet = applet };
	}
	return SW_OK;
}

enum sw card_select(struct card *c, const struct apdu *a, struct buf *out)
{
	c->work = WORK_SELECT;
	if (a->p1 != 0x04 || a->p2 != 0x00)
		return a->p1 == 0x04 ? SW_P1P2 : SW_FUNCTION;
	if (names(a->data, SPAN_OF(piv_aid))) {
		put_template(c, out);
		return choose(c, APPLET_PIV);
	}
	if (names(a->data, SPAN_OF(dummy_aid)))
		return choose(c, APPLET_DUMMY);
	if (c->model != MODEL_YUBICO || !span_eq(a->data, SPAN_OF(management_aid)))
		return SW_NO_FILE;
	const uint8_t *v = c->state->firmware;
	buf_str(out, "Virtual mgr - FW version ");
	buf_put(out, SPAN('0' + v[0], '.', '0' + v[1], '.', '0' + v[2]));
	return choose(c, APPLET_MANAGEMENT);
}

enum { CONFIG_SUPPORTED = 1, CONFIG_SERIAL, CONFIG_ENABLED, CONFIG_FORM, CONFIG_VERSION,
	CONFIG_LOCKED = 0x0A, CAPABLE_PIV = 0x10 };

/* A USB token that can PIV and nothing else, in one page. */
enum sw card_read_config(struct card *c, const struct apdu *a, struct buf *out)
{
	uint8_t page[64];
	struct buf b = BUF(page);
	uint8_t serial[4];
	struct buf n = BUF(serial);

	if (a->p1 || a->p2)
		return SW_P1P2;
	buf_be(&n, c->state->serial, 4);
	tlv_put(&b, CONFIG_SUPPORTED, SPAN(0, CAPABLE_PIV));
	tlv_put(&b, CONFIG_SERIAL, buf_span(&n));
	tlv_put(&b, CONFIG_ENABLED, SPAN(0, CAPABLE_PIV));
	tlv_put(&b, CONFIG_FORM, SPAN(1));
	tlv_put(&b, CONFIG_VERSION, SPAN_OF(c->state->firmware));
	tlv_put(&b, CONFIG_LOCKED, SPAN(0));
	buf_counted(out, buf_span(&b), 1);
	return SW_OK;
}

/* Yubico's GET VERSION. */
enum sw piv_version(struct card *c, const struct apdu *a, struct buf *out)
{
	if (a->p1 || a->p2)
		return SW_P1P2;
	buf_put(out, SPAN_OF(c->state->firmware));
	return SW_OK;
}

/* Yubico's GET SERIAL. */
enum sw piv_serial(struct card *c, const struct apdu *a, struct buf *out)
{
	if (a->p1 || a->p2)
		return SW_P1P2;
	buf_be(out, c->state->serial, 4);
	return SW_OK;
}
