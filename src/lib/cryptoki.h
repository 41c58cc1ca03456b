/* Cryptoki's types: 2.40 from p11-kit, and the little that PKCS#11 3.0 adds and p11-kit's header
 * of Debian 12 does not have. tests/module/test-cryptoki.c holds these against NSS's header. */
#ifndef BSRE_CRYPTOKI_H
#define BSRE_CRYPTOKI_H
#include <p11-kit/pkcs11.h>

/* --- PKCS#11 3.0, 3.10: objects that say which profiles a provider follows --------------- */
#ifndef CKO_PROFILE
#define CKO_PROFILE                       0x00000009UL
#define CKA_PROFILE_ID                    0x00000601UL
#define CKP_BASELINE_PROVIDER             0x00000001UL
#define CKP_EXTENDED_PROVIDER             0x00000002UL
#define CKP_AUTHENTICATION_TOKEN          0x00000003UL
#define CKP_PUBLIC_CERTIFICATES_TOKEN     0x00000004UL
#endif
#ifndef CKA_UNIQUE_ID
#define CKA_UNIQUE_ID                     0x00000004UL
#endif
#ifndef CKR_OPERATION_CANCEL_FAILED
#define CKR_OPERATION_CANCEL_FAILED       0x00000202UL
#endif
#ifndef CKF_INTERFACE_FORK_SAFE
#define CKF_INTERFACE_FORK_SAFE           0x00000001UL
#endif

/* --- Vendor-defined, ours: what PIV has and Cryptoki has no name for ---------------------- */
#define CKA_BSRE                          (CKA_VENDOR_DEFINED | 0x42530000UL)
#define CKA_BSRE_SLOT                     (CKA_BSRE | 1UL)	/* CK_ULONG: PIV key reference, 0x9A... */
#define CKA_BSRE_PIN_POLICY               (CKA_BSRE | 2UL)	/* CK_ULONG: 1 never, 2 once, 3 always */
#define CKA_BSRE_TOUCH_POLICY             (CKA_BSRE | 3UL)	/* CK_ULONG: 1 never, 2 always, 3 cached */
#define CKA_BSRE_ATTESTATION              (CKA_BSRE | 4UL)	/* DER certificate */
#endif
