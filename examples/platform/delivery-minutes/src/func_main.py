import numpy as np

HANDOVER_MINUTES = 4.0
CITY_KM = 10.0
CITY_MINUTES_PER_KM = 3.0
ROAD_MINUTES_PER_KM = 1.2


def estimate(kilometres):
    """Minutes until a parcel is there: slow through the city, faster beyond it."""
    city = np.minimum(kilometres, CITY_KM) * CITY_MINUTES_PER_KM
    road = np.maximum(kilometres - CITY_KM, 0.0) * ROAD_MINUTES_PER_KM
    return {"minutes": HANDOVER_MINUTES + city + road}
