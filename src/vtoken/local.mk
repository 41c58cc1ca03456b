# src/vtoken
