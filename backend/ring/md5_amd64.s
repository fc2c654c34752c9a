#include "textflag.h"

// Four lanes of one block each: X0 to X3 are the words a, b, c and d of all lanes. SI is the blocks, word by word, DI the
// rows of md5Rows. X6 has all bits set. X4, X5 and X7 are scratch.

// END ends a step: a += word k, a += row 4+i, a += the function of b, c and d in X4; a = b + (a rotated by s).
#define END(a, b, k, i, s) \
	MOVOU (k*16)(SI), X5; \
	MOVOU (64+i*16)(DI), X7; \
	PADDL X5, a; \
	PADDL X7, a; \
	PADDL X4, a; \
	MOVO  a, X5; \
	PSLLL $s, a; \
	PSRLL $(32-s), X5; \
	POR   X5, a; \
	PADDL b, a

// F is (b & c) | (^b & d).
#define F(a, b, c, d, k, i, s) \
	MOVO c, X4; \
	PXOR d, X4; \
	PAND b, X4; \
	PXOR d, X4; \
	END(a, b, k, i, s)

// G is (d & b) | (^d & c).
#define G(a, b, c, d, k, i, s) \
	MOVO b, X4; \
	PXOR c, X4; \
	PAND d, X4; \
	PXOR c, X4; \
	END(a, b, k, i, s)

// H is b ^ c ^ d.
#define H(a, b, c, d, k, i, s) \
	MOVO c, X4; \
	PXOR d, X4; \
	PXOR b, X4; \
	END(a, b, k, i, s)

// I is c ^ (b | ^d).
#define I(a, b, c, d, k, i, s) \
	MOVO d, X4; \
	PXOR X6, X4; \
	POR  b, X4; \
	PXOR c, X4; \
	END(a, b, k, i, s)

// func md5Lanes(sums *[4]uint32, blocks *[16][4]uint32, rows *[68][4]uint32)
//
// The last three steps change b, c and d alone, so they are left out.
TEXT ·md5Lanes(SB), NOSPLIT, $0-24
	MOVQ    blocks+8(FP), SI
	MOVQ    rows+16(FP), DI
	MOVOU   0(DI), X0
	MOVOU   16(DI), X1
	MOVOU   32(DI), X2
	MOVOU   48(DI), X3
	PCMPEQL X6, X6

	F(X0, X1, X2, X3, 0, 0, 7)
	F(X3, X0, X1, X2, 1, 1, 12)
	F(X2, X3, X0, X1, 2, 2, 17)
	F(X1, X2, X3, X0, 3, 3, 22)
	F(X0, X1, X2, X3, 4, 4, 7)
	F(X3, X0, X1, X2, 5, 5, 12)
	F(X2, X3, X0, X1, 6, 6, 17)
	F(X1, X2, X3, X0, 7, 7, 22)
	F(X0, X1, X2, X3, 8, 8, 7)
	F(X3, X0, X1, X2, 9, 9, 12)
	F(X2, X3, X0, X1, 10, 10, 17)
	F(X1, X2, X3, X0, 11, 11, 22)
	F(X0, X1, X2, X3, 12, 12, 7)
	F(X3, X0, X1, X2, 13, 13, 12)
	F(X2, X3, X0, X1, 14, 14, 17)
	F(X1, X2, X3, X0, 15, 15, 22)

	G(X0, X1, X2, X3, 1, 16, 5)
	G(X3, X0, X1, X2, 6, 17, 9)
	G(X2, X3, X0, X1, 11, 18, 14)
	G(X1, X2, X3, X0, 0, 19, 20)
	G(X0, X1, X2, X3, 5, 20, 5)
	G(X3, X0, X1, X2, 10, 21, 9)
	G(X2, X3, X0, X1, 15, 22, 14)
	G(X1, X2, X3, X0, 4, 23, 20)
	G(X0, X1, X2, X3, 9, 24, 5)
	G(X3, X0, X1, X2, 14, 25, 9)
	G(X2, X3, X0, X1, 3, 26, 14)
	G(X1, X2, X3, X0, 8, 27, 20)
	G(X0, X1, X2, X3, 13, 28, 5)
	G(X3, X0, X1, X2, 2, 29, 9)
	G(X2, X3, X0, X1, 7, 30, 14)
	G(X1, X2, X3, X0, 12, 31, 20)

	H(X0, X1, X2, X3, 5, 32, 4)
	H(X3, X0, X1, X2, 8, 33, 11)
	H(X2, X3, X0, X1, 11, 34, 16)
	H(X1, X2, X3, X0, 14, 35, 23)
	H(X0, X1, X2, X3, 1, 36, 4)
	H(X3, X0, X1, X2, 4, 37, 11)
	H(X2, X3, X0, X1, 7, 38, 16)
	H(X1, X2, X3, X0, 10, 39, 23)
	H(X0, X1, X2, X3, 13, 40, 4)
	H(X3, X0, X1, X2, 0, 41, 11)
	H(X2, X3, X0, X1, 3, 42, 16)
	H(X1, X2, X3, X0, 6, 43, 23)
	H(X0, X1, X2, X3, 9, 44, 4)
	H(X3, X0, X1, X2, 12, 45, 11)
	H(X2, X3, X0, X1, 15, 46, 16)
	H(X1, X2, X3, X0, 2, 47, 23)

	I(X0, X1, X2, X3, 0, 48, 6)
	I(X3, X0, X1, X2, 7, 49, 10)
	I(X2, X3, X0, X1, 14, 50, 15)
	I(X1, X2, X3, X0, 5, 51, 21)
	I(X0, X1, X2, X3, 12, 52, 6)
	I(X3, X0, X1, X2, 3, 53, 10)
	I(X2, X3, X0, X1, 10, 54, 15)
	I(X1, X2, X3, X0, 1, 55, 21)
	I(X0, X1, X2, X3, 8, 56, 6)
	I(X3, X0, X1, X2, 15, 57, 10)
	I(X2, X3, X0, X1, 6, 58, 15)
	I(X1, X2, X3, X0, 13, 59, 21)
	I(X0, X1, X2, X3, 4, 60, 6)

	MOVOU 0(DI), X4
	PADDL X4, X0
	MOVQ  sums+0(FP), AX
	MOVOU X0, 0(AX)
	RET
