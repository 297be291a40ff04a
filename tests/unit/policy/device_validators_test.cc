// Vehicles and devices against published numbers.
#include <gtest/gtest.h>

#include "validator_support.h"

namespace customhouse::policy {
namespace {

TEST(DeviceNumbers, VehiclesHaveTheirCheckDigitWhereLawAsksForIt) {
  EXPECT_EQ(judge("vin", "1M8GDM9AXKP042788").confidence, Confidence::Medium);  // 49 CFR 565
  EXPECT_EQ(judge("vin", "1M8GDM9AXKP042788", true).confidence, Confidence::Certain);
  EXPECT_TRUE(accepts("vin", "5GZCZ43D13S812715"));
  EXPECT_FALSE(accepts("vin", "1M8GDM9AXKP042789", true));
  // Europe gives no check digit: a word beside it is needed.
  EXPECT_FALSE(accepts("vin", "WVWZZZ1JZ3W386752"));
  EXPECT_EQ(judge("vin", "WVWZZZ1JZ3W386752", true).confidence, Confidence::High);
  EXPECT_FALSE(accepts("vin", "1M8GDM9AXKPO42788", true)) << "no letter O in a VIN";
}

TEST(DeviceNumbers, PublishedExamplesAreTakenAndNoTypingErrorOfThem) {
  const struct {
    const char* validator;
    const char* number;
  } rows[] = {
      {"imei", "490154203237518"},                  // 3GPP TS 23.003
      {"imei", "352099001761481"},                  // GSMA TS.06
      {"iccid", "8991101200003204514"},             // ITU-T E.118 form
      {"eid", "89049032123451234512345678901235"},  // GSMA SGP.02
  };
  for (const auto& row : rows) {
    EXPECT_TRUE(accepts(row.validator, row.number)) << row.number;
    expect_single_digit_errors_refused(row.validator, row.number);
  }
}

TEST(DeviceNumbers, SubscribersBeginWithACountryOfMobileNetworks) {
  EXPECT_TRUE(accepts("imsi", "310150123456789"));
  EXPECT_FALSE(accepts("imsi", "999150123456789"));
  EXPECT_TRUE(accepts("meid", "A0000000002329"));
  EXPECT_FALSE(accepts("meid", "35000000002329"));
  EXPECT_TRUE(accepts("tr_plate", "34 ABC 123"));
  EXPECT_FALSE(accepts("tr_plate", "82 ABC 123"));
  EXPECT_FALSE(accepts("tr_plate", "34 ABC 1234"));
}

}  // namespace
}  // namespace customhouse::policy
