"""Orders, their lines and every version of them; knows neither priority nor process."""
