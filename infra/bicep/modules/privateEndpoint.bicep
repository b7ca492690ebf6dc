metadata description = 'A private endpoint of one service, known to DNS.'

@description('Azure region of the network.')
param location string

@description('Tags of every resource.')
param tags object

@description('Name of the endpoint.')
param name string

@description('Resource ID of the subnet that it gets its address from.')
param subnetId string

@description('Resource ID of the service.')
param serviceId string

@description('Which part of the service, such as blob or vault.')
param groupId string

@description('Resource IDs of the private DNS zones that tell its address.')
@minLength(1)
param dnsZoneIds string[]

resource endpoint 'Microsoft.Network/privateEndpoints@2025-05-01' = {
  name: name
  location: location
  tags: tags
  properties: {
    customNetworkInterfaceName: 'nic-${name}'
    subnet: {
      id: subnetId
    }
    privateLinkServiceConnections: [
      {
        name: groupId
        properties: {
          privateLinkServiceId: serviceId
          groupIds: [groupId]
        }
      }
    ]
  }

  resource names 'privateDnsZoneGroups' = {
    name: 'default'
    properties: {
      privateDnsZoneConfigs: [
        for zoneId in dnsZoneIds: {
          name: replace(last(split(zoneId, '/')), '.', '-')
          properties: {
            privateDnsZoneId: zoneId
          }
        }
      ]
    }
  }
}

@description('Resource ID of the endpoint.')
output id string = endpoint.id
