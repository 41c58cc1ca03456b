# src/tokend
