"""Operations: ordered steps, their undo as data, and what runs them."""
