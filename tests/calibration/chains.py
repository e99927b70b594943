"""A shop whose conversion is a product of probabilities, and one in which satisfaction moves a single exit."""

CHAIN = """# A shop; every remark is to stay.
format = 1
[scenario]
name = "shop"
start = "site"
horizon_days = 60
[arrivals]
cohort = 8000
[stages.site]                      # everybody begins here
dwell = { law = "exponential", mean = 0.5 }
exits = { product = 0.45, leave = 0.55 }
[stages.product]
dwell = { law = "exponential", mean = 0.5 }
exits = { cart = 0.30, leave = 0.42, later = 0.28 }   # cart: a guess
[stages.cart]
dwell = { law = "exponential", mean = 0.5 }
exits = { checkout = 0.55, leave = 0.45 }
[stages.checkout]
dwell = { law = "exponential", mean = 0.5 }
exits = { buy = 0.54, leave = 0.46 }
[stages.buy]
role = "purchase"
end = true
revenue = 10
[stages.later]
end = true
[stages.leave]
end = true
role = "lost"
"""
CONVERSION = """
[[targets]]
name = "conversion"
statement = "2.73 % of visitors buy"
origin = "the log of last year"
measure = "conversion"
value = 0.0273
tolerance = 0.05
tuned = ["stages.product.exits.cart"]
"""
CART = 0.0273 / (0.45 * 0.55 * 0.54)  # .20426, in closed form
CHECKOUT = "stages.cart.exits.checkout"
PRODUCT = "stages.product.exits.cart"

# Ten points above the expectation raise satisfaction by ten, and the log-odds of buying by the effect: .3 becomes .33, a tenth
# more revenue, at log(.33 / .67) - log(.3 / .7) = .1391.
MOOD = """
format = 1
[scenario]
name = "mood"
start = "visit"
horizon_days = 30
[arrivals]
cohort = 4000
[stages.visit]
touchpoint = { performance = 74 }
dwell = { law = "exponential", mean = 1 }
exits = { buy = 0.3, leave = 0.7 }
[stages.buy]
role = "purchase"
end = true
revenue = 10
[stages.leave]
end = true
[satisfaction]
start = { mean = 74 }
expectation = { mean = 74 }
gain = 1.0
learning = 0.0
recovery = 0.0
effects = [{ exit = "visit -> buy", log_odds = 0.4 }]
[variants.glad.override]
"stages.visit.touchpoint.performance" = 84
[variants.plain]
override = {}
[[targets]]
name = "revenue"
statement = "glad customers bring a tenth more"
origin = "the board"
measure = "revenue"
variant = "glad"
against = "plain"
value = 1.10
tolerance = 0.02
tuned = ["satisfaction.effects"]
"""
EFFECT = 0.1391
